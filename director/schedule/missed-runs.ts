import { reportTime } from "#lib/base/local-time.ts";
import type { JobLevel } from "#director/config/job.ts";
import type { DueRun, MissedRuns } from "./due-runs.ts";
import { levelOfLine } from "./schedule-lines.ts";

/** Moments of one line that a message names. */
const MOMENTS_NAMED = 5;

/** The strongest level last. */
const STRENGTH: readonly JobLevel[] = ["Incremental", "Differential", "VirtualFull", "Full"];

/**
 * Which of the missed runs are made up for: for each job whose Schedule says so one run, of the strongest level that was missed (a
 * missed Full is not replaced by an Incremental), by the latest such line. A job that starts now anyway needs none.
 */
export function runsToMakeUp(missed: readonly MissedRuns[], due: readonly DueRun[]): readonly DueRun[] {
  const starting = new Set(due.map(({ line }) => line.job.name));
  const chosen = new Map<string, DueRun>();
  for (const { line, moments } of missed) {
    if (line.schedule.missedRuns !== "RunOnce" || starting.has(line.job.name)) continue;
    const run = { line, whenMs: moments.at(-1)! };
    const before = chosen.get(line.job.name);
    if (before === undefined || isRather(run, before)) chosen.set(line.job.name, run);
  }
  return [...chosen.values()];
}

function isRather(run: DueRun, other: DueRun): boolean {
  const difference = STRENGTH.indexOf(levelOfLine(run.line)) - STRENGTH.indexOf(levelOfLine(other.line));
  return difference > 0 || (difference === 0 && run.whenMs > other.whenMs);
}

/** What the administrator is told of missed runs: a text for each Run line, none for Schedules that ignore them. */
export function missedTexts(
  missed: readonly MissedRuns[],
  span: { readonly fromMs: number; readonly untilMs: number; readonly why: string },
): readonly string[] {
  return missed
    .filter(({ line }) => line.schedule.missedRuns !== "Ignore")
    .map(({ line, moments, isCut }) => {
      const count = `${isCut ? "more than " : ""}${moments.length} ${moments.length === 1 && !isCut ? "run" : "runs"}`;
      const first = moments.slice(0, MOMENTS_NAMED).map(reportTime).join(", ");
      const more = moments.length > MOMENTS_NAMED ? `, ... ${isCut ? "" : reportTime(moments.at(-1)!)}` : "";
      const what = line.job.type === "Backup" ? `${levelOfLine(line)} ` : "";
      return `Job "${line.job.name}" missed ${count} of Schedule "${line.schedule.name}" while ${span.why} (${reportTime(span.fromMs)} to ${reportTime(span.untilMs)}): ${what}due ${first}${more.trimEnd()}.`;
    });
}
