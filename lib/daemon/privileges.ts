import { execFile } from "node:child_process";
import { chown } from "node:fs/promises";
import { promisify } from "node:util";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** As whom a daemon should run. */
export interface RunAs {
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/**
 * Becomes the user and group of `-u` and `-g`, with the user's supplementary groups, for good. `files` that exist (log, pid file)
 * are handed to the user before, so that it can write and remove them. Throws DAEMON_USER.
 */
export async function dropPrivileges(runAs: RunAs, files: readonly string[]): Promise<void> {
  if (runAs.user === undefined && runAs.group === undefined) return;
  const system = process as NodeJS.Process & UserCalls;
  try {
    const user = runAs.user === undefined ? undefined : await userNumbers(runAs.user);
    const gid = runAs.group === undefined ? user?.gid : groupNumber(system, runAs.group);
    for (const file of files) await chown(file, user?.uid ?? -1, gid ?? -1).catch(ignoreMissing);
    if (runAs.user === undefined || gid === undefined) system.setgroups([]);
    else system.initgroups(runAs.user, gid);
    if (gid !== undefined) system.setgid(gid);
    if (user !== undefined) system.setuid(user.uid);
  } catch (error) {
    throw new OperatorError(
      "DAEMON_USER",
      `cannot run as user ${runAs.user ?? "(unchanged)"}, group ${runAs.group ?? "(unchanged)"}`,
      { cause: error },
    );
  }
}

/** Calls that exist on every system with users. */
interface UserCalls {
  setgroups(groups: readonly number[]): void;
  initgroups(user: string, extraGroup: number): void;
  setgid(gid: number): void;
  setuid(uid: number): void;
  getegid(): number;
  setegid(group: string | number): void;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** Numbers of a user and of its own group, by the system's `id`, which asks every source of names. */
async function userNumbers(user: string): Promise<{ uid: number; gid: number }> {
  const number = async (option: "-u" | "-g") => Number((await promisify(execFile)("id", [option, "--", user])).stdout.trim());
  return { uid: await number("-u"), gid: await number("-g") };
}

/** The number of a group, found by taking it for a moment: there is no program for it that exists everywhere. */
function groupNumber(system: UserCalls, group: string): number {
  const before = system.getegid();
  system.setegid(group);
  try {
    return system.getegid();
  } finally {
    system.setegid(before);
  }
}
