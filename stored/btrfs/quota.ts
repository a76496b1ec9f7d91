import { createHash } from "node:crypto";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { btrfs, btrfsSync } from "./run-btrfs.ts";

/** What btrfs counts for one subvolume (level 0) or for a group of them; bytes. */
export interface Qgroup {
  /** "0/257": the subvolume with this id; "1/…": a group. */
  readonly id: string;
  /** All that is reached from there; shared bytes count in full. */
  readonly referenced: number;
  /** What nothing else shares: what deleting it would free. */
  readonly exclusive: number;
  /** Limit of `referenced`; undefined: none. */
  readonly limit: number | undefined;
  readonly parents: readonly string[];
}

/** The qgroup of all that one client's domain holds; the same for ever. A number below 2^48, as btrfs asks. */
export function clientQgroup(domain: string): string {
  return `1/${createHash("sha256").update(domain).digest().readUIntBE(0, 6)}`;
}

/** Turns counting on, once: where it is on nothing is done, so that btrfs is not made to count all anew. */
export async function enableQuota(root: string): Promise<void> {
  if ((await showQgroups(root)) === undefined) await btrfs(["quota", "enable", root], { timeoutMs: 600_000 });
}

/** Turns counting on, once. Blocks. */
export function enableQuotaSync(root: string): void {
  if (showQgroupsSync(root) === undefined) btrfsSync(["quota", "enable", root], 600_000);
}

/** Makes a group, unless it is there. Blocks. */
export function createQgroupSync(root: string, id: string): void {
  if (showQgroupsSync(root)?.has(id) !== true) btrfsSync(["qgroup", "create", id, root]);
}

/** Makes a group, unless it is there. */
export async function createQgroup(root: string, id: string): Promise<void> {
  if ((await showQgroups(root))?.has(id) !== true) await btrfs(["qgroup", "create", id, root]);
}

/** Limits what a qgroup may refer to; bytes, 0: no limit. */
export async function limitQgroup(root: string, id: string, bytes: number): Promise<void> {
  await btrfs(["qgroup", "limit", bytes === 0 ? "none" : String(bytes), id, root]);
}

/** All qgroups by id; undefined where counting is off. */
export async function showQgroups(root: string): Promise<ReadonlyMap<string, Qgroup> | undefined> {
  try {
    return parseQgroups(await btrfs(["qgroup", "show", "-p", "-r", "-e", "--raw", root]));
  } catch (error) {
    return offOrThrow(error);
  }
}

function showQgroupsSync(root: string): ReadonlyMap<string, Qgroup> | undefined {
  try {
    return parseQgroups(btrfsSync(["qgroup", "show", "-p", "-r", "-e", "--raw", root]));
  } catch (error) {
    return offOrThrow(error);
  }
}

/** `btrfs qgroup show` fails where counting is off; its words differ between releases. */
function offOrThrow(error: unknown): undefined {
  if (error instanceof OperatorError && error.code === "BTRFS_FAILED" && /quota|No such file/i.test(error.message))
    return undefined;
  throw error;
}

/** Reads the table of `btrfs qgroup show -pre --raw`: id, referenced, exclusive, limits, parents; what follows differs between releases. */
export function parseQgroups(output: string): ReadonlyMap<string, Qgroup> {
  const found = new Map<string, Qgroup>();
  for (const line of output.split("\n")) {
    const [id = "", referenced = "", exclusive = "", limit = "", , parents = "-"] = line.trim().split(/\s+/);
    if (!/^\d+\/\d+$/.test(id)) continue;
    found.set(id, {
      id,
      referenced: count(referenced),
      exclusive: count(exclusive),
      limit: limit === "none" ? undefined : count(limit),
      parents: parents === "-" || parents === "---" ? [] : parents.split(","),
    });
  }
  return found;
}

/** Removed subvolumes can make counters go below nothing for a moment; btrfs prints them as 64 bits without sign. */
function count(text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
