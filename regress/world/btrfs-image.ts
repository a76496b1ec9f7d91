import { LoopFileSystem } from "#lib/testing/loop-file-system.ts";

/** A btrfs in an image of this size, mounted at an empty directory; unmounted and removed at the end of the block, also under running daemons. */
export async function btrfsImage(at: string, { mebibytes }: { readonly mebibytes: number }): Promise<LoopFileSystem> {
  return LoopFileSystem.make({ type: "btrfs", bytes: mebibytes * 1024 * 1024, at });
}
