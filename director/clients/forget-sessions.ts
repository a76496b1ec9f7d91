import { OperatorError } from "#lib/errors/operator-error.ts";
import type { SavedSession } from "#proto/stored.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { DaemonDirectory } from "./daemon-calls.ts";

/** Sessions that the daemon of a Storage resource is to forget. */
export interface SessionsToForget {
  readonly storage: string;
  readonly sessions: readonly SavedSession[];
}

/** Tells the daemon of a Storage resource, for each of its devices. Throws RESOURCE_UNKNOWN if the configuration has no such Storage. */
export async function forgetSessions(
  config: DirectorConfig,
  daemons: DaemonDirectory,
  { storage: name, sessions }: SessionsToForget,
  signal: AbortSignal,
): Promise<void> {
  const storage = config.storages.get(name);
  if (storage === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `there is no Storage "${name}" any more`);
  const daemon = daemons.storageDaemon(name);
  for (const device of storage.device) await daemon.forgetSessions({ device, sessions: [...sessions] }, signal);
}
