import { catalogTime } from "#lib/base/local-time.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { listRunningJobs, listTerminatedJobs, listUnfinishedJobs, updateJob } from "#catalog/queries/jobs.ts";
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
