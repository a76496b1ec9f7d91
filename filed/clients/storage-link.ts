import type { TlsIdentity } from "#lib/auth/identity.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import { RpcClient } from "#lib/rpc/client.ts";
import type { StorageTicket } from "#proto/filed.ts";
import type { JobRef } from "#proto/common.ts";

/** What is needed to reach the storage daemon of a job: the Director's ticket and who we are. */
export interface StorageLinkOptions {
  readonly job: JobRef;
  readonly ticket: StorageTicket;
  /** Name of this file daemon. */
  readonly name: string;
  readonly identity: TlsIdentity;
  readonly log: RpcLog;
}

/** A client for the data service of the job's storage daemon; the only certificate accepted is the one that the ticket names. */
export function storageClient(options: StorageLinkOptions): RpcClient {
  const { ticket, name, identity, log } = options;
  return new RpcClient({
    self: { role: "fileDaemon", name, identity },
    server: { role: "storageDaemon", name: ticket.name },
    address: ticket.address,
    port: ticket.port,
    login: { kind: "pinned", certificateSha256: ticket.certificateSha256 },
    tls: {},
    log,
  });
}
