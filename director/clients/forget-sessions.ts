import { OperatorError } from "#lib/errors/operator-error.ts";
import type { SavedSession } from "#proto/stored.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { DaemonDirectory } from "./daemon-calls.ts";

/** Sessions that the daemon of a Storage resource is to forget. */
export interface SessionsToForget {
  readonly storage: string;
  readonly sessions: readonly SavedSession[];
}

/**
 * Tells the daemon of a Storage resource, for each of its devices; some of them may have no store. Throws what the first one answered
 * where none took it, and RESOURCE_UNKNOWN if the configuration has no such Storage.
 */
export async function forgetSessions(
  config: DirectorConfig,
  daemons: DaemonDirectory,
  { storage: name, sessions }: SessionsToForget,
  signal: AbortSignal,
): Promise<void> {
  const storage = config.storages.get(name);
  if (storage === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `there is no Storage "${name}" any more`);
  const daemon = daemons.storageDaemon(name);
  const without: OperatorError[] = [];
  for (const device of storage.device) {
    try {
      await daemon.forgetSessions({ device, sessions: [...sessions] }, signal);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== "STORE_NOT_INITIALIZED") throw error;
      without.push(error); // perhaps its file system is not mounted: unless another device took it, it is asked again
    }
  }
  if (without[0] !== undefined && without.length === storage.device.length) throw without[0];
}
