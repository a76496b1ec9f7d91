import { sql } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";

/** Rows that one statement deletes or copies at most: other writers get their turn between. */
const ROWS_PER_STEP = 5000;

/** Columns that Job and JobHisto share, for copying. */
const SHARED =
  "JobId, Job, Name, Type, Level, ClientId, JobStatus, SchedTime, StartTime, EndTime, RealEndTime, JobTDate, VolSessionId, VolSessionTime, JobFiles, JobBytes, ReadBytes, JobErrors, JobMissingFiles, PoolId, FileSetId, PriorJobId, PriorJob, PurgedFiles, HasBase, HasCache, Reviewed, Comment, FileTable";

/** Copies ended jobs that are not there yet and ended before a moment (unix seconds) to JobHisto; answers how many. */
export async function updateStatistics(w: CatalogWriter, endedBefore: number): Promise<number> {
  let copied = 0;
  for (let after = 0; ;) {
    const page = await w.reader
      .selectFrom("Job")
      .select("JobId")
      .where("JobStatus", "in", ["T", "W", "f", "A", "E", "e", "I", "D"])
      .where("JobTDate", "<", endedBefore)
      .where("JobId", ">", after)
      .where((e) =>
        e.not(e.exists(e.selectFrom("JobHisto").select("JobHisto.JobId").whereRef("JobHisto.JobId", "=", "Job.JobId"))),
      )
      .orderBy("JobId")
      .limit(ROWS_PER_STEP)
      .execute();
    const last = page.at(-1)?.JobId;
    if (last === undefined) return copied;
    await sql`INSERT INTO JobHisto (${sql.raw(SHARED)}) SELECT ${sql.raw(SHARED)} FROM Job
      WHERE JobId IN (${sql.join(page.map((row) => row.JobId))})
      AND NOT EXISTS (SELECT 1 FROM JobHisto WHERE JobHisto.JobId = Job.JobId)`.execute(w.writer);
    copied += page.length;
    after = last;
  }
}

/** Deletes copies in JobHisto of jobs that ended before a moment (unix seconds); answers how many. */
export async function pruneStatistics(w: CatalogWriter, endedBefore: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const rows = await w.reader
      .selectFrom("JobHisto")
      .select("JobId")
      .where("JobTDate", "<", endedBefore)
      .limit(ROWS_PER_STEP)
      .execute();
    if (rows.length === 0) return deleted;
    const ids = rows.map((row) => row.JobId);
    await w.writer.deleteFrom("JobHisto").where("JobId", "in", ids).execute();
    deleted += ids.length;
  }
}

/** Deletes events that happened before a local time; answers how many. */
export async function pruneEvents(w: CatalogWriter, before: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    const rows = await w.reader
      .selectFrom("Events")
      .select("EventsId")
      .where("EventsTime", "<", before)
      .limit(ROWS_PER_STEP)
      .execute();
    if (rows.length === 0) return deleted;
    await w.writer
      .deleteFrom("Events")
      .where(
        "EventsId",
        "in",
        rows.map((row) => row.EventsId),
      )
      .execute();
    deleted += rows.length;
  }
}

/**
 * Deletes log lines that belong to nothing: those of no job (JobId 0) from before a local time, and those of jobs that are not in the catalog any
 * more. Answers how many.
 */
export async function pruneLooseLog(w: CatalogWriter, before: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    const rows = await looseLog(w, before);
    if (rows.length === 0) return deleted;
    await w.writer.deleteFrom("Log").where("LogId", "in", rows).execute();
    deleted += rows.length;
  }
}

async function looseLog(r: CatalogReader, before: string): Promise<number[]> {
  const ofNoJob = await r.reader
    .selectFrom("Log")
    .select("LogId")
    .where("JobId", "=", 0)
    .where("Time", "<", before)
    .limit(ROWS_PER_STEP)
    .execute();
  if (ofNoJob.length > 0) return ofNoJob.map((row) => row.LogId);
  const gone = await r.reader
    .selectFrom("Log")
    .select("Log.JobId")
    .distinct()
    .where("Log.JobId", ">", 0)
    .where((e) => e.not(e.exists(e.selectFrom("Job").select("Job.JobId").whereRef("Job.JobId", "=", "Log.JobId"))))
    .limit(1)
    .executeTakeFirst();
  if (gone === undefined) return [];
  const rows = await r.reader.selectFrom("Log").select("LogId").where("JobId", "=", gone.JobId).limit(ROWS_PER_STEP).execute();
  return rows.map((row) => row.LogId);
}
