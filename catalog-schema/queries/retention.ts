import type { CatalogReader } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";

/** What retention looks at of a job. */
export type RetentionRow = Pick<
  JobRow,
  | "JobId"
  | "Name"
  | "Type"
  | "Level"
  | "JobStatus"
  | "ClientId"
  | "FileSetId"
  | "StartTime"
  | "EndTime"
  | "RealEndTime"
  | "JobTDate"
  | "JobFiles"
  | "JobBytes"
  | "PoolId"
  | "PriorJobId"
  | "PurgedFiles"
  | "HasBase"
> & { readonly FileSet: string };

/** Backups and copies of one client and FileSet name: within it lie all chains that a job may be part of. */
export interface Series {
  readonly clientId: number;
  /** Name of the FileSet; "" for jobs without one. */
  readonly fileSet: string;
}

/** Rows fetched at a time. */
const ROWS_PER_PAGE = 5000;

/** Ids in one statement. */
const IDS_PER_STATEMENT = 1000;

/** Types of job rows that expire besides backups (B) and copies (C). */
const OTHER_TYPES = ["M", "V", "D", "R", "c", "m", "g"];

const COLUMNS = [
  "Job.JobId",
  "Job.Name",
  "Job.Type",
  "Job.Level",
  "Job.JobStatus",
  "Job.ClientId",
  "Job.FileSetId",
  "Job.StartTime",
  "Job.EndTime",
  "Job.RealEndTime",
  "Job.JobTDate",
  "Job.JobFiles",
  "Job.JobBytes",
  "Job.PoolId",
  "Job.PriorJobId",
  "Job.PurgedFiles",
  "Job.HasBase",
] as const;

/** Series that have a job which ended before `endedBefore` (unix seconds); of one client, or of all. */
export async function listAgedSeries(
  r: CatalogReader,
  wanted: { readonly clientId?: number; readonly endedBefore: number },
): Promise<Series[]> {
  let query = r.reader
    .selectFrom("Job")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select((e) => ["Job.ClientId as clientId", e.fn.coalesce("FileSet.FileSet", e.val("")).as("fileSet")])
    .distinct()
    .where("Job.Type", "in", ["B", "C"])
    .where("Job.JobTDate", "<", wanted.endedBefore);
  if (wanted.clientId !== undefined) query = query.where("Job.ClientId", "=", wanted.clientId);
  return await query.orderBy("clientId").orderBy("fileSet").execute();
}

/** All backups and copies of a series, by number; read in pages. */
export async function listJobsOfSeries(r: CatalogReader, series: Series): Promise<RetentionRow[]> {
  const rows: RetentionRow[] = [];
  for (;;) {
    let query = r.reader
      .selectFrom("Job")
      .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
      .select([...COLUMNS])
      .select((e) => e.fn.coalesce("FileSet.FileSet", e.val("")).as("FileSet"))
      .where("Job.ClientId", "=", series.clientId)
      .where("Job.Type", "in", ["B", "C"])
      .where("Job.JobId", ">", rows.at(-1)?.JobId ?? 0);
    query =
      series.fileSet === ""
        ? query.where((e) => e.or([e("FileSet.FileSet", "is", null), e("FileSet.FileSet", "=", "")]))
        : query.where("FileSet.FileSet", "=", series.fileSet);
    const page = await query.orderBy("Job.JobId").limit(ROWS_PER_PAGE).execute();
    rows.push(...page);
    if (page.length < ROWS_PER_PAGE) return rows;
  }
}

/** Ended jobs that are no backups and ended before `endedBefore`, by number; at most a page after `afterJobId`. */
export async function listAgedOthers(
  r: CatalogReader,
  wanted: { readonly clientId?: number; readonly endedBefore: number; readonly afterJobId: number },
): Promise<RetentionRow[]> {
  let query = r.reader
    .selectFrom("Job")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select([...COLUMNS])
    .select((e) => e.fn.coalesce("FileSet.FileSet", e.val("")).as("FileSet"))
    .where("Job.Type", "in", OTHER_TYPES)
    .where("Job.JobTDate", "<", wanted.endedBefore)
    .where("Job.JobId", ">", wanted.afterJobId);
  if (wanted.clientId !== undefined) query = query.where("Job.ClientId", "=", wanted.clientId);
  return await query.orderBy("Job.JobId").limit(ROWS_PER_PAGE).execute();
}

/** The newest good InitCatalog job of each Verify job name: what later Verify jobs compare with. */
export async function listNewestInitCatalogs(r: CatalogReader): Promise<number[]> {
  const rows = await r.reader
    .selectFrom("Job")
    .select((e) => ["Name", e.fn.max("JobId").as("newest")])
    .where("Type", "=", "V")
    .where("Level", "=", "V")
    .where("JobStatus", "in", ["T", "W"])
    .groupBy(["Name", "ClientId"])
    .execute();
  return rows.map((row) => row.newest);
}

/** Backups with file records that ended before `endedBefore`, by number; at most a page after `afterJobId`. */
export async function listWithAgedFiles(
  r: CatalogReader,
  wanted: { readonly clientId?: number; readonly endedBefore: number; readonly afterJobId: number },
): Promise<RetentionRow[]> {
  let query = r.reader
    .selectFrom("Job")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select([...COLUMNS])
    .select((e) => e.fn.coalesce("FileSet.FileSet", e.val("")).as("FileSet"))
    .where("Job.PurgedFiles", "=", 0)
    .where("Job.Type", "=", "B")
    .where("Job.JobTDate", "<", wanted.endedBefore)
    .where("Job.JobId", ">", wanted.afterJobId);
  if (wanted.clientId !== undefined) query = query.where("Job.ClientId", "=", wanted.clientId);
  return await query.orderBy("Job.JobId").limit(ROWS_PER_PAGE).execute();
}

/** A job on a Volume. */
export interface JobOnVolume {
  readonly jobId: number;
  /** Null: its Job row is gone. */
  readonly clientId: number | null;
  readonly fileSet: string;
  readonly tdate: number;
}

/** The jobs that have data on a Volume, by number. */
export async function listJobsOnVolume(r: CatalogReader, mediaId: number): Promise<JobOnVolume[]> {
  return await r.reader
    .selectFrom("JobMedia")
    .leftJoin("Job", "Job.JobId", "JobMedia.JobId")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select((e) => [
      "JobMedia.JobId as jobId",
      "Job.ClientId as clientId",
      e.fn.coalesce("FileSet.FileSet", e.val("")).as("fileSet"),
      e.fn.coalesce("Job.JobTDate", e.lit(0)).as("tdate"),
    ])
    .distinct()
    .where("JobMedia.MediaId", "=", mediaId)
    .orderBy("jobId")
    .execute();
}

/** Jobs that refer to files of these Base jobs: pairs of both. */
export async function listUsersOfBases(
  r: CatalogReader,
  baseJobIds: readonly number[],
): Promise<{ readonly BaseJobId: number; readonly JobId: number }[]> {
  const pairs: { BaseJobId: number; JobId: number }[] = [];
  for (let at = 0; at < baseJobIds.length; at += IDS_PER_STATEMENT)
    pairs.push(
      ...(await r.reader
        .selectFrom("BaseFiles")
        .innerJoin("Job", "Job.JobId", "BaseFiles.JobId")
        .select(["BaseFiles.BaseJobId", "BaseFiles.JobId"])
        .distinct()
        .where("BaseFiles.BaseJobId", "in", baseJobIds.slice(at, at + IDS_PER_STATEMENT))
        .execute()),
    );
  return pairs;
}

/** Whether a job still stands in the catalog. */
export async function jobExists(r: CatalogReader, jobId: number): Promise<boolean> {
  return (await r.reader.selectFrom("Job").select("JobId").where("JobId", "=", jobId).executeTakeFirst()) !== undefined;
}

/** Jobs with data on precious Volumes, each with the name of one of these. */
export async function listJobsOnPrecious(r: CatalogReader): Promise<ReadonlyMap<number, string>> {
  const rows = await r.reader
    .selectFrom("NocturneMedia")
    .innerJoin("Media", "Media.MediaId", "NocturneMedia.MediaId")
    .innerJoin("JobMedia", "JobMedia.MediaId", "Media.MediaId")
    .select(["JobMedia.JobId", "Media.VolumeName"])
    .distinct()
    .where("NocturneMedia.Precious", "=", 1)
    .execute();
  return new Map(rows.map((row) => [row.JobId, row.VolumeName]));
}
