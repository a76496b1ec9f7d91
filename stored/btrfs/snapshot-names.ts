import { join } from "node:path";
import type { SessionKey } from "../volume/block.ts";

/*
 * Where snapshots lie below an Archive Device. '@' is not legal in Volume names, so these never meet one.
 *
 *   @snapshots/<Volume>/<Job>+<VolSessionTime>-<VolSessionId>   commit point of a job on a Volume
 *   @snapshots/@chunks-<domain>/<number>                        state of a domain at its last commit or collection
 *   @snapshots/@sent/<storage>/<number>/...                     what was replicated last, kept as what the next one builds on
 */

/** Directory of all snapshots. */
export const SNAPSHOTS = "@snapshots";

/** Directory of a Volume's commit points. */
export function volumeSnapshots(root: string, volume: string): string {
  return join(root, SNAPSHOTS, volume);
}

/** Directory of a domain's rolling snapshot. */
export function domainSnapshots(root: string, domain: string): string {
  return join(root, SNAPSHOTS, `@chunks-${domain}`);
}

/** Directory of what was sent to a storage daemon. */
export function sentSnapshots(root: string, storage: string): string {
  return join(root, SNAPSHOTS, "@sent", storage.replaceAll(/[^\w.-]/g, "_"));
}

/** Subvolume of a domain of chunks. */
export function domainPath(root: string, domain: string): string {
  return join(root, "@chunks", domain);
}

/** Name of a job's commit point: its unique name, which holds the time, and its session. */
export function commitPointName(job: string, session: SessionKey): string {
  return `${job}+${session.time}-${session.id}`;
}

/** The session of a commit point's name; undefined for anything else. */
export function sessionOfName(name: string): SessionKey | undefined {
  const [, time, id] = /\+(\d{1,10})-(\d{1,10})$/.exec(name) ?? [];
  return time === undefined ? undefined : { time: Number(time), id: Number(id) };
}

/** Orders names of commit points by session: the later job last. */
export function bySession(a: string, b: string): number {
  const [one, other] = [sessionOfName(a), sessionOfName(b)];
  return (one?.time ?? 0) - (other?.time ?? 0) || (one?.id ?? 0) - (other?.id ?? 0);
}
