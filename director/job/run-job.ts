import { describeError } from "#lib/errors/operator-error.ts";
import { runAdmin } from "./admin.ts";
import { followBackup, runBackup } from "./backup.ts";
import type { RunnableType } from "./effective-job.ts";
import { finishJob } from "./finish.ts";
import type { JobContext } from "./job-context.ts";
import { NOTHING_DONE, type JobResult } from "./job-result.ts";
import type { JobOutcome } from "./job-state.ts";
import { followRestore, runRestore } from "./restore.ts";
import { originLine } from "./run-origin.ts";
import type { RunRecord } from "./saved-run.ts";
import { cancelAll } from "./cancel-halves.ts";

type Run = (context: JobContext, record: RunRecord) => Promise<JobResult>;

/** How each type of job is run, and how it is followed again after a restart of the Director. */
const TYPES: Readonly<Record<RunnableType, { readonly run: Run; readonly follow: Run }>> = {
  B: { run: runBackup, follow: followBackup },
  R: { run: runRestore, follow: followRestore },
  D: { run: runAdmin, follow: interrupted },
};

/** Runs an admitted job to its very end, or until the Director stops. Never throws: whatever happens is in its log and its outcome. */
export async function runJob(context: JobContext, record: RunRecord): Promise<void> {
  const type = TYPES[context.job.effective.type];
  await toTheEnd(context, record, async () => {
    await context.messages.say("Info", originLine(context.job.effective.request));
    return await type.run(context, record);
  });
}

/** Goes on with a job that was running when the Director stopped. */
export async function resumeJob(context: JobContext, record: RunRecord): Promise<void> {
  const type = TYPES[context.job.effective.type];
  const run = record.run.stage === "running" ? type.follow : interrupted;
  await toTheEnd(context, record, run);
}

/** Ends a job that was never admitted: canceled in the queue, refused, or waited too long. */
export async function endUnrun(context: JobContext, record: RunRecord, result: JobResult = NOTHING_DONE): Promise<void> {
  await toTheEnd(context, record, async () => result);
}

async function toTheEnd(context: JobContext, record: RunRecord, run: Run): Promise<void> {
  const { job, parts } = context;
  let outcome: JobOutcome = "fatal";
  try {
    const result = await resultOf(context, record, run);
    if (context.leaving.aborted) return;
    outcome = await finishJob(context, record, result);
  } catch (error) {
    if (context.leaving.aborted) return;
    parts.log(`JobId ${job.jobId} ${job.identity.job}: its end could not be recorded`, error);
  } finally {
    context.desk.claims.release(job.jobId);
    job.endedMs ??= parts.clock.nowMs();
    job.apply({ kind: "end", outcome });
  }
}

async function resultOf(context: JobContext, record: RunRecord, run: Run): Promise<JobResult> {
  const { job, messages } = context;
  try {
    return await run(context, record);
  } catch (error) {
    // A canceled job stops wherever it waits; that is no failure of its own. Nor is it one that the Director stops.
    if (!job.signal.aborted && !context.leaving.aborted) await messages.say("Fatal", describeError(error));
    return { ...NOTHING_DONE, hasFailed: true, directorErrors: record.run.directorErrors };
  }
}

/** The Director stopped while it was starting the job: nobody knows how much of it began. */
async function interrupted(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, messages } = context;
  await messages.say("Fatal", "The Director was stopped while it was starting this job. Please run it again.");
  if (job.effective.type !== "D") await cancelAll(context);
  return { ...NOTHING_DONE, hasFailed: true, directorErrors: record.run.directorErrors };
}
