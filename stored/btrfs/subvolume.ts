import { statSync, statfsSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { btrfs, btrfsSync } from "./run-btrfs.ts";

/** Magic number of btrfs in statfs, and the inode number of every subvolume's root. */
const BTRFS_MAGIC = 0x9123683e;
const SUBVOLUME_INODE = 256;

/** What btrfs knows of a subvolume. UUIDs are text; undefined where it has none. */
export interface Subvolume {
  readonly id: number;
  readonly uuid: string;
  readonly parentUuid: string | undefined;
  /** For one that came by `receive`: its UUID where it was sent. */
  readonly receivedUuid: string | undefined;
  readonly generation: number;
  readonly isReadOnly: boolean;
}

/** How a subvolume or snapshot is made. */
export interface SubvolumeWish {
  /** Higher-level qgroups that it is counted in as well, e.g. "1/17". */
  readonly qgroups?: readonly string[];
}

/** Whether the path lies on btrfs. Blocks: for threads that may. */
export function isBtrfsSync(path: string): boolean {
  return statfsSync(path).type === BTRFS_MAGIC;
}

/** Whether the path lies on btrfs; throws what statfs throws. */
export async function isBtrfs(path: string): Promise<boolean> {
  return (await statfs(path)).type === BTRFS_MAGIC;
}

/** BTRFS_NOT_THERE unless the directory lies on btrfs. */
export async function requireBtrfs(path: string): Promise<void> {
  let isThere = false;
  let cause: unknown;
  try {
    isThere = await isBtrfs(path);
  } catch (error) {
    cause = error;
  }
  if (!isThere) throw new OperatorError("BTRFS_NOT_THERE", `${path} does not lie on btrfs`, { cause });
}

/** Whether the path is a subvolume (or snapshot) of a btrfs; false where nothing is. Blocks. */
export function isSubvolumeSync(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts !== undefined && facts.isDirectory() && facts.ino === SUBVOLUME_INODE && isBtrfsSync(path);
}

/** Whether the path is a subvolume (or snapshot) of a btrfs; false where nothing is. */
export async function isSubvolume(path: string): Promise<boolean> {
  try {
    const facts = await stat(path);
    return facts.isDirectory() && facts.ino === SUBVOLUME_INODE && (await isBtrfs(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Makes an empty subvolume. Blocks. */
export function createSubvolumeSync(path: string, wish: SubvolumeWish = {}): void {
  btrfsSync(["subvolume", "create", ...inherited(wish), path]);
}

/** Files below are stored as they are, whatever the mount's compression is: what they hold is compressed already. Blocks. */
export function setNoCompressionSync(path: string): void {
  btrfsSync(["property", "set", path, "compression", "none"]);
}

/** Makes a snapshot that nobody can write to; it is durable on return. */
export async function snapshotReadOnly(source: string, target: string, wish: SubvolumeWish = {}): Promise<void> {
  await btrfs(["subvolume", "snapshot", "-r", ...inherited(wish), source, target]);
}

/** Removes a subvolume or snapshot from its directory; btrfs frees its space later. Many in a row: DeleteQueue. */
export async function deleteSubvolume(path: string): Promise<void> {
  await btrfs(["subvolume", "delete", path]);
}

/** Waits until btrfs has freed the space of all subvolumes deleted so far. */
export async function subvolumesFreed(
  path: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  await btrfs(["subvolume", "sync", path], options);
}

/** What btrfs knows of the subvolume at this path. */
export async function showSubvolume(path: string): Promise<Subvolume> {
  return parseSubvolume(path, await btrfs(["subvolume", "show", path]));
}

/** Reads what `btrfs subvolume show` printed. BTRFS_FAILED if that cannot be understood. */
export function parseSubvolume(path: string, output: string): Subvolume {
  const fields = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [, name, value] = /^\s+([A-Za-z ]+):\s*(\S.*?)?\s*$/.exec(line) ?? [];
    if (name !== undefined && !fields.has(name)) fields.set(name, value ?? "");
  }
  const uuid = uuidOf(fields.get("UUID"));
  const id = Number(fields.get("Subvolume ID"));
  if (uuid === undefined || !Number.isSafeInteger(id))
    throw new OperatorError(
      "BTRFS_FAILED",
      `"btrfs subvolume show ${path}" printed what cannot be understood: ${output.slice(0, 300)}`,
    );
  return {
    id,
    uuid,
    parentUuid: uuidOf(fields.get("Parent UUID")),
    receivedUuid: uuidOf(fields.get("Received UUID")),
    generation: Number(fields.get("Generation") ?? 0),
    isReadOnly: /\breadonly\b/.test(fields.get("Flags") ?? ""),
  };
}

function uuidOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
}

function inherited({ qgroups = [] }: SubvolumeWish): string[] {
  return qgroups.flatMap((qgroup) => ["-i", qgroup]);
}
