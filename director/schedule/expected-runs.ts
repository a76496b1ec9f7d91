import { runsAfter } from "./next-run.ts";
import type { ScheduleLine } from "./schedule-lines.ts";

/** What the lines of one job expect of it. Unix milliseconds. */
export interface ExpectedRuns {
  /** Moments that came and went since the last good run; at most MISSED_COUNTED_MAX are counted. */
  readonly missed: number;
  readonly missedSinceMs: number | null;
  /** Null: never. */
  readonly nextMs: number | null;
}

/** More missed moments than this are not told apart. */
const MISSED_COUNTED_MAX = 100;

/**
 * Counts the moments of these lines (all of one job) that no good run has answered: those after `sinceMs`, when the last good run was due or began,
 * that are `graceMs` ago. Lines that come due at the same moment count once. Pure.
 */
export function expectedRuns(
  lines: readonly Pick<ScheduleLine, "spec">[],
  at: { readonly sinceMs: number; readonly nowMs: number; readonly graceMs: number; readonly zone: string },
): ExpectedRuns {
  const moments = new Set<number>();
  let nextMs = Infinity;
  for (const { spec } of lines) {
    let counted = 0;
    for (const moment of runsAfter(spec.times, at.sinceMs, at.zone)) {
      if (moment > at.nowMs - at.graceMs || counted >= MISSED_COUNTED_MAX) break;
      moments.add(moment);
      counted += 1;
    }
    nextMs = Math.min(nextMs, runsAfter(spec.times, at.nowMs, at.zone).next().value ?? Infinity);
  }
  return {
    missed: Math.min(moments.size, MISSED_COUNTED_MAX),
    missedSinceMs: moments.size === 0 ? null : Math.min(...moments),
    nextMs: nextMs === Infinity ? null : nextMs,
  };
}
