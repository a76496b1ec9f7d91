import { statfs } from "node:fs/promises";
import { freeMetadata, showUsage } from "../btrfs/filesystem.ts";
import { btrfs } from "../btrfs/run-btrfs.ts";

/** Room of a file system as it counts it itself; bytes. */
export interface Room {
  readonly total: number;
  readonly free: number;
  /** btrfs: all metadata that there is or can be, and what of it is free; 0 and 0 elsewhere. */
  readonly metadataTotal: number;
  readonly metadataFree: number;
}

/** Longest time for the question whether btrfs still frees what was deleted. */
const DELETED_MS_MAX = 5000;

/**
 * Room of the file system that a directory lies on. btrfs is asked itself: its statfs knows nothing of metadata, and without free metadata nothing can be
 * written however many bytes are free. Throws what the system says.
 */
export async function roomOf(directory: string, { isBtrfs }: { readonly isBtrfs: boolean }): Promise<Room> {
  if (isBtrfs) {
    // Only root is told; others get what statfs says.
    const usage = await showUsage(directory).catch(() => undefined);
    if (usage !== undefined) {
      const { deviceSize, freeEstimated, metadata, unallocated, metadataRatio } = usage;
      return {
        total: deviceSize,
        free: freeEstimated,
        metadataTotal: metadata.size + Math.floor(unallocated / Math.max(1, metadataRatio)),
        metadataFree: freeMetadata(usage),
      };
    }
  }
  const { bavail, bsize, blocks } = await statfs(directory);
  return { total: blocks * bsize, free: bavail * bsize, metadataTotal: 0, metadataFree: 0 };
}

/** Whether btrfs has deleted subvolumes that it has not worked off: their space is still to come. False where that cannot be said. */
export async function hasDeletedSubvolumes(directory: string): Promise<boolean> {
  try {
    return (await btrfs(["subvolume", "list", "-d", directory], { timeoutMs: DELETED_MS_MAX })).trim() !== "";
  } catch {
    return false;
  }
}
