import { catalogTime } from "#lib/base/local-time.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { deleteJobEvents } from "#catalog/database/event-application.ts";
import { rememberForgottenSessions } from "#catalog/queries/forgotten-sessions.ts";
import { deleteRunningJob, listRunningJobs, listTerminatedJobs, listUnfinishedJobs, updateJob } from "#catalog/queries/jobs.ts";
import { addLog } from "#catalog/queries/log.ts";
import type { JobView } from "./job-view.ts";
import { parseSavedRun, type SavedRun } from "./saved-run.ts";
import { viewOfRow } from "./view-of-row.ts";

/** What the Director before this one left in a catalog. */
export interface LeftJobs {
  /** The last ended jobs, oldest first. */
  readonly terminated: readonly JobView[];
  /** Jobs that were queued or running. */
  readonly runs: readonly { readonly jobId: number; readonly run: SavedRun }[];
}

/** Reads them. Jobs that stand as running but of which nothing is known are ended as failed. */
export async function readLeftJobs(catalog: Catalog, limit: number, nowMs: number): Promise<LeftJobs> {
  const ended = await listTerminatedJobs(catalog, limit);
  const terminated = await Promise.all(ended.toReversed().map(async (row) => await viewOfRow(catalog, row)));
  const runs = (await listRunningJobs(catalog)).flatMap((row) => {
    const run = parseSavedRun(row.State);
    return run === null ? [] : [{ jobId: row.JobId, run }];
  });
  const known = new Set(runs.map(({ jobId }) => jobId));
  for (const row of await listUnfinishedJobs(catalog)) {
    // A row without a saved run: the Director stopped between the two, or another program made it.
    if (!known.has(row.JobId)) await updateJob(catalog, row.JobId, { JobStatus: "f", EndTime: catalogTime(nowMs) });
  }
  return { terminated, runs };
}

/** Ends a job as failed that cannot be taken up, for good: it must not begin after all when the configuration is as before. `why` stands in its log. */
export async function giveUpLeftJob(
  catalog: Catalog,
  { jobId, run }: LeftJobs["runs"][number],
  why: unknown,
  nowMs: number,
): Promise<void> {
  const Time = catalogTime(nowMs);
  const LogText = `Fatal error: the restarted Director cannot take up this job, the configuration has changed: ${describeError(why)}\n`;
  const { volSessionId, volSessionTime } = run;
  await catalog.transaction(async (tx) => {
    await updateJob(tx, jobId, { JobStatus: "f", EndTime: Time, VolSessionId: volSessionId, VolSessionTime: volSessionTime });
    await addLog(tx, { JobId: jobId, Time, LogText });
    await deleteRunningJob(tx, jobId);
    await deleteJobEvents(tx, jobId);
    await rememberForgottenSessions(tx, jobId);
  });
}
