import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { clientQgroup, createQgroupSync, enableQuotaSync } from "./quota.ts";
import { createSubvolumeSync, setNoCompressionSync } from "./subvolume.ts";

/*
 * The subvolumes that a Btrfs device consists of. All calls block: they are made by the threads of devices and stores. Where counting
 * cannot be turned on (not root, a file system without qgroups) the subvolumes are made all the same and sizes are not counted.
 */

/** Turns on counting on the file system of an Archive Device, once. Answers why that could not be done; undefined if it is on. */
export function prepareBtrfs(root: string): string | undefined {
  try {
    enableQuotaSync(root);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Makes the subvolume of a domain of chunks ("all", "pool-NAME", "client-NAME"); that of a client is counted in the client's qgroup. */
export function makeDomainSubvolume(root: string, path: string, domain: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const isCounted = prepareBtrfs(root) === undefined;
  const qgroups = isCounted && domain.startsWith("client-") ? [clientQgroup(domain)] : [];
  for (const qgroup of qgroups) createQgroupSync(root, qgroup);
  createSubvolumeSync(path, { qgroups });
  setNoCompressionSync(path);
}

/** Makes the subvolume of a Volume, whose records are compressed already. */
export function makeVolumeSubvolume(path: string): void {
  createSubvolumeSync(path);
  setNoCompressionSync(path);
}
