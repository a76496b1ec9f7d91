import { mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isSubvolume, showSubvolume, type Subvolume } from "../btrfs/subvolume.ts";
import { STORE_FOLDER } from "../chunks/store-paths.ts";
import type { DeleteQueue } from "../btrfs/delete-queue.ts";

/** One part of a generation: a Volume or a domain, as a snapshot. */
export interface GenerationPart {
  /** Path below the Archive Device that it is a state of. */
  readonly path: string;
  /** Where the snapshot lies. */
  readonly at: string;
  readonly facts: Subvolume;
}

/** Numbers of the generations in a directory, oldest first. */
export async function generationsIn(directory: string): Promise<readonly number[]> {
  return (await namesIn(directory))
    .filter((name) => /^\d{1,15}$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** Makes the directory of a generation. */
export async function makeGeneration(directory: string): Promise<void> {
  await mkdir(join(directory, STORE_FOLDER), { recursive: true, mode: 0o700 });
}

/** The snapshots of a generation. */
export async function partsOf(directory: string): Promise<readonly GenerationPart[]> {
  const parts: GenerationPart[] = [];
  for (const [folder, prefix] of [
    [directory, ""],
    [join(directory, STORE_FOLDER), `${STORE_FOLDER}/`],
  ] as const) {
    for (const name of await namesIn(folder)) {
      const at = join(folder, name);
      if (await isSubvolume(at)) parts.push({ path: `${prefix}${name}`, at, facts: await showSubvolume(at) });
    }
  }
  return parts;
}

/** Removes a generation, whole or not: its subvolumes one by one, then its directories. Nothing happens where none is. */
export async function removeGeneration(
  directory: string,
  deletes: DeleteQueue,
  removeFile: (path: string) => Promise<void>,
): Promise<void> {
  for (const folder of [join(directory, STORE_FOLDER), directory]) {
    for (const name of await namesIn(folder)) {
      const at = join(folder, name);
      if (await isSubvolume(at)) await deletes.delete(at);
      else if (name !== STORE_FOLDER) await removeFile(at);
    }
    await rmdir(folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
  }
}

/** What lies in a directory; nothing where there is none. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
