import type { Catalog } from "#catalog/catalog.ts";
import { listJobsOnArchived } from "#catalog/queries/pressure.ts";
import { listJobsOfSeries, listJobsOnPrecious, listUsersOfBases, type Series } from "#catalog/queries/retention.ts";
import type { Mutex } from "#lib/base/lock.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { VolumeClaims } from "../media/volume-claims.ts";
import type { ClockGuard } from "./clock-guard.ts";
import { retentionJob, type BusyJobs, type RetentionJob } from "./judge.ts";

/** What pruning works with. */
export interface RetentionParts {
  readonly catalog: Catalog;
  readonly config: () => DirectorConfig;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Jobs that are queued or running, and what they read. */
  readonly busy: () => BusyJobs;
  /** Volumes that running jobs were given: what they write there may not be in the catalog yet. */
  readonly claims: VolumeClaims;
  /** Held while it is judged what goes and while that is deleted, so that two who prune never each rely on what the other deletes. */
  readonly turn: Mutex;
  /** Asked before anything is pruned by itself. */
  readonly clockGuard: ClockGuard;
  /** Jobs were deleted: storages are to be told what they may forget. */
  readonly jobsDeleted: () => void;
  /** A job has been pruned after: work that is done once a day may be due. */
  readonly afterJob?: () => void;
}

/** Status letters of jobs that have ended. */
export const ENDED: ReadonlySet<string> = new Set(["T", "W", "E", "e", "f", "A", "D", "I"]);

/** The jobs of a series as the rules see them. */
export async function readSeries(catalog: Catalog, series: Series): Promise<readonly RetentionJob[]> {
  return (await listJobsOfSeries(catalog, series)).map((row) => retentionJob(row));
}

/** Jobs on Volumes that nothing frees by itself, precious and archived ones, each with the reason why it stays. */
export async function jobsOnLastingVolumes(catalog: Catalog): Promise<ReadonlyMap<number, string>> {
  const archived = [...(await listJobsOnArchived(catalog))].map(
    ([jobId, name]) => [jobId, `it lies on the archived Volume "${name}"`] as const,
  );
  const precious = [...(await listJobsOnPrecious(catalog))].map(
    ([jobId, name]) => [jobId, `it lies on the precious Volume "${name}"`] as const,
  );
  return new Map([...archived, ...precious]);
}

/** Jobs that still refer to files of the Base jobs among these: such a Base may not go, whatever client or FileSet they are of. */
export async function usersOfBases(catalog: Catalog, jobs: readonly RetentionJob[]): Promise<ReadonlyMap<number, number>> {
  const bases = jobs.filter((job) => job.level === "B").map((job) => job.jobId);
  return new Map((await listUsersOfBases(catalog, bases)).map(({ BaseJobId, JobId }) => [BaseJobId, JobId]));
}
