import type { CatalogReader } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import { mayStartAfter, startsBeside, type JobPlace } from "./job-order.ts";

/** Which state of which files a chain of jobs is to make up. */
export interface ChainWanted {
  readonly clientId: number;
  /** Name of the FileSet: every version of it counts. */
  readonly fileSet: string;
  /** Only jobs of this resource; absent: of any. */
  readonly jobName?: string;
  /** Only jobs that started before this local time; absent: now. */
  readonly before?: string;
  /** Only jobs that stand before this one. */
  readonly beforeJob?: JobPlace;
}

/**
 * The last good Full, the last Differential after it, and the Incrementals after those, in this order; [] when there is no Full. A job that
 * began in the same second counts as after: one too many brings at most a file back that was deleted, one too few loses a version.
 */
export async function accurateChain(r: CatalogReader, wanted: ChainWanted): Promise<JobRow[]> {
  const full = await lastOf(r, wanted, "F", null);
  if (full === null) return [];
  const differential = await lastOf(r, wanted, "D", full);
  const base = differential ?? full;
  const incrementals = await good(r, wanted)
    .where("Job.Level", "=", "I")
    .where(mayStartAfter(base))
    .orderBy("Job.StartTime")
    .orderBy("Job.JobId")
    .execute();
  return [full, ...(differential === null ? [] : [differential]), ...incrementals];
}

/** The chain whose last job is this one; [] when it is no backup or has no Full before it. */
export async function chainEndingAt(r: CatalogReader, jobId: number): Promise<JobRow[]> {
  const row = await r.reader
    .selectFrom("Job")
    .innerJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select(["Job.Name", "Job.ClientId", "Job.Level", "Job.StartTime", "FileSet.FileSet"])
    .where("Job.JobId", "=", jobId)
    .where("Job.Type", "=", "B")
    .executeTakeFirst();
  if (row === undefined || row.StartTime === null) return [];
  const self = await r.reader.selectFrom("Job").selectAll().where("JobId", "=", jobId).executeTakeFirstOrThrow();
  if (self.Level === "F") return [self];
  const before = await accurateChain(r, {
    clientId: row.ClientId,
    fileSet: row.FileSet,
    jobName: row.Name,
    beforeJob: self,
  });
  if (before.length === 0) return [];
  return self.Level === "D" ? [before[0]!, self] : [...before, self];
}

async function lastOf(r: CatalogReader, wanted: ChainWanted, level: string, after: JobPlace | null): Promise<JobRow | null> {
  let query = good(r, wanted).where("Job.Level", "=", level);
  if (after !== null) query = query.where(mayStartAfter(after));
  return (await query.orderBy("Job.StartTime", "desc").orderBy("Job.JobId", "desc").limit(1).executeTakeFirst()) ?? null;
}

/** Copies have another Type until their original is gone, so each backup counts once. */
function good(r: CatalogReader, wanted: ChainWanted) {
  let query = r.reader
    .selectFrom("Job")
    .innerJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .selectAll("Job")
    .where("Job.ClientId", "=", wanted.clientId)
    .where("FileSet.FileSet", "=", wanted.fileSet)
    .where("Job.Type", "=", "B")
    .where("Job.JobStatus", "in", ["T", "W"]);
  if (wanted.jobName !== undefined) query = query.where("Job.Name", "=", wanted.jobName);
  if (wanted.before !== undefined) query = query.where("Job.StartTime", "<", wanted.before);
  if (wanted.beforeJob !== undefined) query = query.where(startsBeside("before", wanted.beforeJob));
  return query;
}
