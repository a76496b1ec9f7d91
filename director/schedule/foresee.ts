import type { ForeseeWish, ScheduledView } from "../job/job-view.ts";
import { runsAfter } from "./next-run.ts";
import { type ScheduleLine, viewOf } from "./schedule-lines.ts";

const DAY_MS = 86_400_000;
/** Runs that are listed unless the wish says otherwise. */
const RUNS_LISTED_MAX = 100;

interface Candidate {
  readonly line: ScheduleLine;
  readonly runs: Generator<number, void>;
  atMs: number;
}

/** Runs that the lines foresee from `nowMs` (or the moment of the wish) on, by time, then by priority, then in the order of the lines. */
export function foreseeRuns(
  lines: readonly ScheduleLine[],
  wish: ForeseeWish,
  { nowMs, zone }: { readonly nowMs: number; readonly zone: string },
): readonly ScheduledView[] {
  const fromMs = wish.fromMs ?? nowMs;
  const untilMs = fromMs + (wish.days ?? 1) * DAY_MS;
  // A run at the very moment asked for is meant, too.
  const candidates = lines
    .filter((line) => isWanted(line, wish))
    .map((line): Candidate => {
      const runs = runsAfter(line.spec.times, fromMs - 1, zone);
      return { line, runs, atMs: runs.next().value ?? Infinity };
    });
  const views: ScheduledView[] = [];
  while (views.length < (wish.limit ?? RUNS_LISTED_MAX)) {
    const first = earliest(candidates);
    if (first === undefined || first.atMs >= untilMs) break;
    views.push(viewOf(first.line, first.atMs));
    first.atMs = wish.isNextOnly === true ? Infinity : (first.runs.next().value ?? Infinity);
  }
  return views;
}

function isWanted({ job, schedule }: ScheduleLine, { jobs, clients, schedules }: ForeseeWish): boolean {
  return (
    (jobs?.includes(job.name) ?? true) &&
    (clients?.includes(job.client.name) ?? true) &&
    (schedules?.includes(schedule.name) ?? true)
  );
}

function earliest(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const each of candidates)
    if (best === undefined || each.atMs < best.atMs || (each.atMs === best.atMs && priorityOf(each) < priorityOf(best)))
      best = each;
  return best;
}

function priorityOf({ line: { job, spec } }: Candidate): number {
  return spec.overrides.priority ?? job.priority;
}
