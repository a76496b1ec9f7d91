import { deleteJob } from "#catalog/queries/delete.ts";
import type { JobFacts } from "./job-facts.ts";
import { byStart } from "./chains.ts";
import type { RetentionParts } from "./parts.ts";

/** What deleting jobs came to. */
export interface Removed {
  readonly jobIds: readonly number[];
  /** Copies that took the place of deleted originals. */
  readonly upgraded: readonly number[];
}

/**
 * Deletes jobs that may go, each in small steps and one short transaction. Newest first: what needs another job goes before it, so that
 * no chain is broken wherever this is interrupted. A job that has become busy since it was judged stays.
 */
export async function removeJobs(parts: RetentionParts, jobs: readonly JobFacts[], signal: AbortSignal): Promise<Removed> {
  const jobIds: number[] = [];
  const upgraded: number[] = [];
  try {
    for (const { jobId } of [...jobs].sort((one, two) => byStart(two, one))) {
      signal.throwIfAborted();
      const { running, read } = parts.busy();
      if (running.has(jobId) || read.has(jobId)) continue;
      upgraded.push(...(await deleteJob(parts.catalog, jobId)));
      jobIds.push(jobId);
    }
  } finally {
    if (jobIds.length > 0) parts.jobsDeleted(); // also of those before one that failed
  }
  return { jobIds, upgraded };
}
