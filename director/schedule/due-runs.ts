import { runsAfter } from "./next-run.ts";
import type { ScheduleLine } from "./schedule-lines.ts";

/** How far the Scheduler has come; unix milliseconds. */
export interface HandledMark {
  /** All moments up to here have been dealt with, by the clock as it is now. */
  readonly handledMs: number;
  /** The latest moment that was ever dealt with: later than `handledMs` after the clock was put back. */
  readonly furthestMs: number;
}

/** A run that is to start. */
export interface DueRun {
  readonly line: ScheduleLine;
  readonly whenMs: number;
}

/** Runs of one line that nobody started. */
export interface MissedRuns {
  readonly line: ScheduleLine;
  /** Oldest first, at least one; where there are more than MISSED_MAX the last ones are left out. */
  readonly moments: readonly number[];
  readonly isCut: boolean;
}

/** What is to be done at one look at the clock. */
export interface Decision {
  /** By time, then in the order of the lines. */
  readonly due: readonly DueRun[];
  readonly missed: readonly MissedRuns[];
  readonly mark: HandledMark;
  /** Milliseconds by which the clock was put back, where it was put back so far that it counts as set anew; else 0. */
  readonly putBackMs: number;
}

/** Between two looks no more passes than this, but when the machine slept or its clock was put forward. */
const USUAL_GAP_MS = 10 * 60_000;
/** The clock may be put back this far without a moment coming twice: no more is done until it has caught up. */
const BACK_MS_MAX = 3 * 3_600_000;
/** A Director that ran on makes up for every moment of this span: a day, also the long one. */
const LATE_RUNNING_MS_MAX = 25 * 3_600_000;
/** A Director that starts, for those of this span: a restart at the wrong moment costs no backup. */
const LATE_STARTING_MS_MAX = 3_600_000;
/** Missed moments of one line that are looked at. */
export const MISSED_MAX = 500;

/**
 * Decides which runs start now: those that came due since the last look, each moment of each line once. After a gap only moments later
 * than all that were ever dealt with; those too old are missed. `wasStarted` tells of runs that the catalog knows from before a crash.
 */
export function decideDue(
  lines: readonly ScheduleLine[],
  mark: HandledMark,
  now: { readonly nowMs: number; readonly zone: string; readonly isStart: boolean },
  wasStarted: (line: ScheduleLine, whenMs: number) => boolean = () => false,
): Decision {
  const { nowMs, zone, isStart } = now;
  const backMs = mark.handledMs - nowMs;
  if (backMs > BACK_MS_MAX) return { due: [], missed: [], mark: { ...mark, handledMs: nowMs }, putBackMs: backMs };
  if (backMs >= 0) return { due: [], missed: [], mark, putBackMs: 0 };
  const isGap = isStart || -backMs > USUAL_GAP_MS;
  const fromMs = isGap ? Math.max(mark.handledMs, mark.furthestMs) : mark.handledMs;
  const lateMs = nowMs - (isStart ? LATE_STARTING_MS_MAX : LATE_RUNNING_MS_MAX);
  const due: DueRun[] = [];
  const missed: MissedRuns[] = [];
  for (const line of lines) {
    const moments = momentsUntil(line, { fromMs, untilMs: Math.min(lateMs, nowMs), zone }, MISSED_MAX + 1).filter(
      (at) => !wasStarted(line, at),
    );
    if (moments.length > 0) missed.push({ line, moments: moments.slice(0, MISSED_MAX), isCut: moments.length > MISSED_MAX });
    for (const whenMs of momentsUntil(line, { fromMs: Math.max(fromMs, lateMs), untilMs: nowMs, zone }))
      if (!wasStarted(line, whenMs)) due.push({ line, whenMs });
  }
  return {
    due: due.toSorted((left, right) => left.whenMs - right.whenMs),
    missed,
    mark: { handledMs: nowMs, furthestMs: Math.max(nowMs, mark.furthestMs) },
    putBackMs: 0,
  };
}

function momentsUntil(
  line: ScheduleLine,
  { fromMs, untilMs, zone }: { readonly fromMs: number; readonly untilMs: number; readonly zone: string },
  limit = Infinity,
): number[] {
  const moments: number[] = [];
  if (fromMs >= untilMs) return moments;
  for (const at of runsAfter(line.spec.times, fromMs, zone)) {
    if (at > untilMs || moments.length >= limit) break;
    moments.push(at);
  }
  return moments;
}
