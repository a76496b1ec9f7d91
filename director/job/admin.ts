import { catalogTime } from "#lib/base/local-time.ts";
import { updateJob } from "#catalog/queries/jobs.ts";
import type { JobContext } from "./job-context.ts";
import { NOTHING_DONE, type JobResult } from "./job-result.ts";
import { runJobScripts } from "./job-scripts.ts";
import type { RunRecord } from "./saved-run.ts";

/** Runs an Admin job: nothing but its scripts. */
export async function runAdmin(context: JobContext, record: RunRecord): Promise<JobResult> {
  const { job, desk, parts, messages } = context;
  const nowMs = parts.clock.nowMs();
  job.begin(nowMs);
  await updateJob(desk.catalog, job.jobId, {
    JobStatus: "R",
    StartTime: catalogTime(nowMs),
    JobTDate: Math.floor(nowMs / 1000),
  });
  await record.change(desk.catalog, { stage: "starting", startedMs: nowMs }, nowMs);
  await messages.say("Info", `Start Admin JobId ${job.jobId}, Job=${job.identity.job}`);
  const scripts = await runJobScripts(context, record, "before", null);
  return { ...NOTHING_DONE, hasFailed: !scripts.isWell, directorErrors: scripts.errors };
}
