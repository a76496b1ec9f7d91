import { sql } from "kysely";
import { IdSet } from "../checks/id-set.ts";
import type { CatalogReader, CatalogWriter, RowSource } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import { purgeFilesOfJob, type CatalogSession } from "./delete.ts";
import { createJob, type NewJob } from "./jobs.ts";

/* What rebuilding a catalog from Volumes needs beside what the Director uses. */

/** Files of a job that the catalog has. */
export interface FilesPresent {
  /** FileIndexes with a row. */
  readonly indexes: IdSet;
  readonly files: number;
  /** Rows that say that a file was deleted; they have no FileIndex. */
  readonly deleted: number;
}

/** The job that wrote this session; null if the catalog does not know it. */
export async function findJobOfSession(
  r: CatalogReader,
  session: { readonly id: number; readonly time: number },
): Promise<JobRow | null> {
  const row = await r.reader
    .selectFrom("Job")
    .selectAll()
    .where("VolSessionId", "=", session.id)
    .where("VolSessionTime", "=", session.time)
    .where("Type", "in", ["B", "C", "M", "A"])
    .orderBy("JobId", "desc")
    .executeTakeFirst();
  return row ?? null;
}

/** Highest JobId that a job keeps: what a damaged label says must not use up the numbers of jobs to come. */
const JOB_ID_MAX = 2_000_000_000;

/** Adds a job under the number it had, if that is free; else under a new one, which is answered. */
export async function createJobAgain(w: CatalogWriter, jobId: number, job: NewJob): Promise<number> {
  const isTaken =
    jobId <= 0 ||
    jobId > JOB_ID_MAX ||
    (await w.writer.selectFrom("Job").select("JobId").where("JobId", "=", jobId).executeTakeFirst()) !== undefined;
  if (isTaken) return await createJob(w, job);
  await w.writer
    .insertInto("Job")
    .values({ PriorJob: "", FileTable: "File", Comment: "", ...job, JobId: jobId })
    .execute();
  return jobId;
}

/** Which files of a job have rows: a bit a file. */
export async function filesPresent(r: RowSource, jobId: number): Promise<FilesPresent> {
  const indexes = new IdSet();
  let files = 0;
  let deleted = 0;
  const { rows } = await r.streamRows(sql`SELECT FileIndex FROM File WHERE JobId = ${jobId}`.compile(r.reader));
  for await (const page of rows) {
    for (const [index] of page) {
      files += 1;
      if (Number(index) > 0) indexes.add(Number(index));
      else deleted += 1;
    }
  }
  return { indexes, files, deleted };
}

/** Whether it is known where a job lies on a Volume. */
export async function hasJobMedia(r: CatalogReader, jobId: number, mediaId: number): Promise<boolean> {
  const row = await r.reader
    .selectFrom("JobMedia")
    .select("JobMediaId")
    .where("JobId", "=", jobId)
    .where("MediaId", "=", mediaId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Forgets where a job lies on a Volume. */
export async function forgetPlaces(w: CatalogWriter, jobId: number, mediaId: number): Promise<void> {
  await w.writer.deleteFrom("JobMedia").where("JobId", "=", jobId).where("MediaId", "=", mediaId).execute();
}

/** Takes back what a rebuilding that was interrupted has stored of a job's files and places. */
export async function forgetFilesAndPlaces(session: CatalogSession, jobId: number): Promise<void> {
  await purgeFilesOfJob(session, jobId);
  await session.writer.deleteFrom("JobMedia").where("JobId", "=", jobId).execute();
  await session.writer.updateTable("Job").set({ PurgedFiles: 0 }).where("JobId", "=", jobId).execute();
}

/** When a version of a FileSet was first used. */
export async function setFileSetTime(w: CatalogWriter, fileSetId: number, time: string): Promise<void> {
  await w.writer.updateTable("FileSet").set({ CreateTime: time }).where("FileSetId", "=", fileSetId).execute();
}
