import type { MediaRow } from "#catalog/schema/media.ts";

/** What pruning or purging a Volume came to. */
export interface PruneAnswer {
  /** The row has status Purged now, and has been moved to its RecyclePool where it has one. */
  readonly isPurged: boolean;
  /** What was done or kept, and why: lines for the log of the job that wants a Volume. */
  readonly lines: readonly string[];
}

/** Frees Volumes when one is wanted. A precious Volume and one that is not enabled stay as they are, with a line that says so. */
export interface VolumePruner {
  /** Deletes the jobs on the Volume whose retention has passed and that no kept job needs. */
  prune(row: MediaRow, signal: AbortSignal): Promise<PruneAnswer>;
  /** Deletes all jobs on the Volume whatever their age (Purge Oldest Volume). */
  purge(row: MediaRow, signal: AbortSignal): Promise<PruneAnswer>;
}

/** Frees nothing: every Volume stays as it is. */
export const keepEverything: VolumePruner = {
  prune: async () => await Promise.resolve({ isPurged: false, lines: [] }),
  purge: async () => await Promise.resolve({ isPurged: false, lines: [] }),
};
