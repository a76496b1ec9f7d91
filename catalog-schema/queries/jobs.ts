import type { Insertable, Updateable } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import type { RunningJobRow } from "../schema/nocturne.ts";
import type { Tables } from "../schema/tables.ts";

/** What a new job is given; the rest has defaults. */
export type NewJob = Omit<Insertable<Tables["Job"]>, "JobId">;
/** What may change of a job. */
export type JobChanges = Omit<Updateable<Tables["Job"]>, "JobId">;

/** Adds a job; answers its number, which was never used before. */
export async function createJob(w: CatalogWriter, job: NewJob): Promise<number> {
  const { insertId } = await w.writer
    .insertInto("Job")
    .values({ PriorJob: "", FileTable: "File", Comment: "", ...job })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

/** Sets what changed. */
export async function updateJob(w: CatalogWriter, jobId: number, changes: JobChanges): Promise<void> {
  if (Object.keys(changes).length > 0) await w.writer.updateTable("Job").set(changes).where("JobId", "=", jobId).execute();
}

/** The job of this number. */
export async function findJob(r: CatalogReader, jobId: number): Promise<JobRow | null> {
  return (await r.reader.selectFrom("Job").selectAll().where("JobId", "=", jobId).executeTakeFirst()) ?? null;
}

/** The job of this unique name. */
export async function findJobByUniqueName(r: CatalogReader, job: string): Promise<JobRow | null> {
  return (
    (await r.reader.selectFrom("Job").selectAll().where("Job", "=", job).orderBy("JobId", "desc").executeTakeFirst()) ?? null
  );
}

/** The newest job of this resource name. */
export async function findLastJobOfName(r: CatalogReader, name: string): Promise<JobRow | null> {
  return (
    (await r.reader.selectFrom("Job").selectAll().where("Name", "=", name).orderBy("JobId", "desc").executeTakeFirst()) ?? null
  );
}

/** The jobs of these numbers, in the order of their JobTDate: a later one replaces files of an earlier. */
export async function listJobsById(r: CatalogReader, jobIds: readonly number[]): Promise<JobRow[]> {
  if (jobIds.length === 0) return [];
  return await r.reader
    .selectFrom("Job")
    .selectAll()
    .where("JobId", "in", [...jobIds])
    .orderBy("JobTDate")
    .orderBy("JobId")
    .execute();
}

/** Names and scheduled times (SchedTime) of the jobs that were scheduled at this time or later; unix seconds. */
export async function listScheduledSince(r: CatalogReader, seconds: number): Promise<Pick<JobRow, "Name" | "SchedTime">[]> {
  // JobTDate has an index and is never before SchedTime: it becomes the start, then the end.
  return await r.reader.selectFrom("Job").select(["Name", "SchedTime"]).where("JobTDate", ">=", seconds).execute();
}

/** The last jobs that have ended, newest first. */
export async function listTerminatedJobs(r: CatalogReader, limit: number): Promise<JobRow[]> {
  return await r.reader
    .selectFrom("Job")
    .selectAll()
    .where("JobStatus", "in", ["T", "W", "E", "e", "f", "A", "D", "I"])
    .orderBy("JobId", "desc")
    .limit(limit)
    .execute();
}

/** Jobs that stand as created or running: after a start of the Director, those it must follow or end. */
export async function listUnfinishedJobs(r: CatalogReader): Promise<JobRow[]> {
  return await r.reader
    .selectFrom("Job")
    .selectAll()
    .where("JobStatus", "not in", ["T", "W", "E", "e", "f", "A", "D", "I"])
    .orderBy("JobId")
    .execute();
}

/** Stores what a restarted Director needs to follow the job again; replaces what was stored. */
export async function saveRunningJob(w: CatalogWriter, running: RunningJobRow): Promise<void> {
  const { JobId, State, UpdatedAt } = running;
  const { numUpdatedRows } = await w.writer
    .updateTable("NocturneRunningJob")
    .set({ State, UpdatedAt })
    .where("JobId", "=", JobId)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  const isThere = await w.writer.selectFrom("NocturneRunningJob").select("JobId").where("JobId", "=", JobId).executeTakeFirst();
  if (isThere === undefined) await w.writer.insertInto("NocturneRunningJob").values({ JobId, State, UpdatedAt }).execute();
}

/** Jobs that were running when the Director last stopped, by number. */
export async function listRunningJobs(r: CatalogReader): Promise<RunningJobRow[]> {
  return await r.reader.selectFrom("NocturneRunningJob").selectAll().orderBy("JobId").execute();
}

/** The job has ended. */
export async function deleteRunningJob(w: CatalogWriter, jobId: number): Promise<void> {
  await w.writer.deleteFrom("NocturneRunningJob").where("JobId", "=", jobId).execute();
}
