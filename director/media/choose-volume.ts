import type { MediaRow } from "#catalog/schema/media.ts";
import { limitReached, type LimitReached, type LimitedVolume, type PoolLimits } from "./volume-limits.ts";

/** A candidate: the row and what the running jobs add to it. */
export interface Candidate<Row extends LimitedVolume = MediaRow> {
  readonly row: Row;
  /** Jobs on it, counting running ones that the catalog does not count yet; without the asking job. */
  readonly jobs: number;
  /** Another running job has it in another drive. */
  readonly isElsewhere: boolean;
  /** The asking job has written on it already. */
  readonly isMine: boolean;
}

export interface VolumeChoice<Row> {
  readonly volume: Row | null;
  /** Volumes met on the way that have reached a limit: their status changes whatever is chosen. */
  readonly spent: readonly { readonly row: Row; readonly limit: LimitReached }[];
}

/** Chooses the Volume to append to from candidates in order of preference (status Append, right Pool and Media Type). */
export function chooseVolume<Row extends LimitedVolume>(
  candidates: readonly Candidate<Row>[],
  pool: PoolLimits,
  nowMs: number,
): VolumeChoice<Row> {
  const spent: { row: Row; limit: LimitReached }[] = [];
  for (const candidate of candidates) {
    const limit = limitReached(candidate.row, pool, nowMs);
    // A job may go on with the Volume that it is on even when it is the last one allowed there.
    if (limit !== null && !(candidate.isMine && limit.text.startsWith("Max Volume jobs"))) {
      spent.push({ row: candidate.row, limit });
      continue;
    }
    if (candidate.isElsewhere || isTaken(candidate, pool)) continue;
    return { volume: candidate.row, spent };
  }
  return { volume: null, spent };
}

/** True if running jobs that are not counted yet fill the Volume up. */
export function isTaken(candidate: Candidate<LimitedVolume>, pool: PoolLimits): boolean {
  if (candidate.isMine) return false;
  const limit = pool.useOnce ? 1 : candidate.row.MaxVolJobs;
  return limit > 0 && candidate.jobs >= limit;
}
