import { spawn } from "node:child_process";
import { syncFileSystem, reclaimBlockGroups } from "../btrfs/filesystem.ts";
import { subvolumesFreed } from "../btrfs/subvolume.ts";

/** Longest time for each step: whoever waits for room is a job, and its client waits with it. */
const SYNC_MS_MAX = 20_000;
const FREED_MS_MAX = 45_000;

/** Where root's programs may be, which a daemon's PATH may lack. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`;

/**
 * Has a file system count as free what was deleted on it: it commits its journal or transaction; btrfs also works off deleted subvolumes, and gives block
 * groups back where one kind of space is short and the other idle. Takes no room itself, is bounded in time, never rejects; blocks no thread.
 */
export async function settleRoom(directory: string, { isBtrfs }: { readonly isBtrfs: boolean }): Promise<void> {
  if (!isBtrfs) return await syncBelow(directory);
  await syncFileSystem(directory).catch(() => {});
  await subvolumesFreed(directory, { timeoutMs: FREED_MS_MAX }).catch(() => {});
  await reclaimBlockGroups(directory).catch(() => {});
}

/** `sync -f`: the file system of the directory, and no other. */
async function syncBelow(directory: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const child = spawn("sync", ["-f", directory], { stdio: "ignore", env: { ...process.env, LC_ALL: "C", PATH } });
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    child.unref();
    resolve();
  }, SYNC_MS_MAX);
  child.once("error", () => resolve());
  child.once("exit", () => resolve());
  await promise;
  clearTimeout(timer);
}
