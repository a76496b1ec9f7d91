import { deadlineOf } from "./deadlines.ts";
import { DirectorJob, type JobIdentity } from "./director-job.ts";
import type { EffectiveJob } from "./effective-job.ts";
import { interimReport, reportDueMs } from "./interim-report.ts";
import type { EngineParts, JobContext } from "./job-context.ts";
import { percentValues } from "./percent-values.ts";
import { RunRecord, type SavedRun } from "./saved-run.ts";

/** A job that is queued or running. */
export interface LiveJob {
  readonly context: JobContext;
  readonly record: RunRecord;
  /** Since when it waits for a Volume or a mount; unix milliseconds. */
  waitingMs: number | null;
  /** Whether the limits that count from its start are on the alarm clock. */
  isTimed: boolean;
  /** Whether it has been reported on before its end. */
  isReported: boolean;
}

/** A job that was just submitted, or that the Director before has left. */
export function makeLiveJob(
  parts: EngineParts,
  identity: JobIdentity,
  effective: EffectiveJob,
  run: SavedRun,
  around: { readonly leaving: AbortSignal; readonly isFull: (job: DirectorJob) => JobContext["isFull"] },
): LiveJob {
  const job = new DirectorJob(identity, effective);
  job.setLevel(run.level);
  if (run.storage !== undefined) job.useStorage(run.storage);
  job.startedMs = run.stage === "queued" ? null : run.startedMs; // one that had not got far begins anew
  const context: JobContext = {
    parts,
    job,
    desk: parts.desk(effective.catalog.resource.name),
    messages: parts.messagesFor(job),
    leaving: around.leaving,
    isFull: around.isFull(job),
  };
  return { context, record: new RunRecord(identity.jobId, run), waitingMs: null, isTimed: false, isReported: false };
}

/** When the job comes to a limit or is to be reported on, whichever is first; unix milliseconds, Infinity: never. */
export function nextMomentOf({ context: { job }, waitingMs, isReported }: LiveJob): number {
  return Math.min(deadlineOf(job, waitingMs)?.atMs ?? Infinity, isReported ? Infinity : (reportDueMs(job) ?? Infinity));
}

/** Reports on a job that runs longer than its Report After, once. */
export function reportIfLate(live: LiveJob, nowMs: number): void {
  const { job, messages, parts } = live.context;
  if (live.isReported || (reportDueMs(job) ?? Infinity) > nowMs) return;
  live.isReported = true;
  const told = messages.interim(interimReport(parts.head, job, nowMs), percentValues(live.context, live.record.run, null));
  told.catch((error: unknown) => parts.log(`${job.identity.job}: its report could not be kept`, error));
}
