import { randomBytes } from "node:crypto";
import type { ReplicaPeer } from "#proto/stored.ts";
import type { StorageResource } from "../config/storage.ts";
import type { CommandContext } from "./command.ts";

/** A device of a Storage. */
export interface StorageDevice {
  readonly storage: StorageResource;
  readonly device: string;
}

/**
 * Makes two storage daemons known to each other for one work: a random key, and the certificates that they showed to this Director.
 * Answers the called one as the caller needs it. The called daemon admits the caller for a while; nothing is left to undo.
 */
export async function introduce(context: CommandContext, caller: StorageResource, called: StorageDevice): Promise<ReplicaPeer> {
  const { daemons } = context.director;
  const from = daemons.storageDaemon(caller.name);
  const to = daemons.storageDaemon(called.storage.name);
  const [fromIdentity, toIdentity] = await Promise.all([from.identify(context.signal), to.identify(context.signal)]);
  const key = randomBytes(32);
  await to.admitReplica({ device: called.device, key, certificateSha256: fromIdentity.certificateSha256 }, context.signal);
  return {
    name: toIdentity.name,
    address: called.storage.address,
    port: called.storage.sdPort,
    key,
    certificateSha256: toIdentity.certificateSha256,
    device: called.device,
  };
}
