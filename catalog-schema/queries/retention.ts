import type { CatalogReader } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import type { MediaRow } from "../schema/media.ts";
import type { NocturneSpaceRow } from "../schema/nocturne.ts";

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

/** Jobs as retention sees them, each with the name of its FileSet; empty: it has none. */
function jobsWithFileSet(r: CatalogReader) {
  return r.reader
    .selectFrom("Job")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select([...COLUMNS])
    .select((e) => e.fn.coalesce("FileSet.FileSet", e.val("")).as("FileSet"));
}

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
    let query = jobsWithFileSet(r)
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
  let query = jobsWithFileSet(r)
    .where("Job.Type", "in", OTHER_TYPES)
    .where("Job.JobTDate", "<", wanted.endedBefore)
    .where("Job.JobId", ">", wanted.afterJobId);
  if (wanted.clientId !== undefined) query = query.where("Job.ClientId", "=", wanted.clientId);
  return await query.orderBy("Job.JobId").limit(ROWS_PER_PAGE).execute();
}

/** When the newest job ended, unix seconds; 0: there is none. */
export async function newestJobEnd(r: CatalogReader): Promise<number> {
  const row = await r.reader
    .selectFrom("Job")
    .select((e) => e.fn.max("JobTDate").as("newest"))
    .executeTakeFirst();
  return Number(row?.newest ?? 0);
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

/** Jobs that stand as having file records and ended before `endedBefore`, by number; at most a page after `afterJobId`. */
export async function listWithAgedFiles(
  r: CatalogReader,
  wanted: { readonly clientId?: number; readonly endedBefore: number; readonly afterJobId: number },
): Promise<RetentionRow[]> {
  let query = jobsWithFileSet(r)
    .where("Job.PurgedFiles", "=", 0)
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

/** Which Volumes are to be pruned; absent: any. */
export interface PrunableWanted {
  readonly poolId?: number;
  readonly mediaType?: string;
}

/** Full and Used Volumes that are not archived and have a Volume Retention, those written last first. */
export async function listPrunableVolumes(r: CatalogReader, wanted: PrunableWanted): Promise<MediaRow[]> {
  let query = r.reader
    .selectFrom("Media")
    .selectAll()
    .where("VolStatus", "in", ["Full", "Used"])
    .where("Enabled", "<>", 2)
    .where("VolRetention", ">", 0);
  if (wanted.poolId !== undefined) query = query.where("PoolId", "=", wanted.poolId);
  if (wanted.mediaType !== undefined) query = query.where("MediaType", "=", wanted.mediaType);
  return await query.orderBy("LastWritten", "desc").orderBy("MediaId", "desc").execute();
}

/** Purged Volumes that may be truncated, by number. */
export async function listTruncatable(
  r: CatalogReader,
  wanted: { readonly poolId?: number; readonly mediaType?: string; readonly storageId?: number },
): Promise<MediaRow[]> {
  let query = r.reader
    .selectFrom("Media")
    .selectAll()
    .where("VolStatus", "=", "Purged")
    .where("Enabled", "=", 1)
    .where("Recycle", "=", 1)
    .where("VolBytes", ">", 1000);
  if (wanted.poolId !== undefined) query = query.where("PoolId", "=", wanted.poolId);
  if (wanted.mediaType !== undefined) query = query.where("MediaType", "=", wanted.mediaType);
  if (wanted.storageId !== undefined) query = query.where("StorageId", "=", wanted.storageId);
  return await query.orderBy("MediaId").execute();
}

/** Room on devices since a day (days since 1970-01-01), by storage, device and day. */
export async function listSpaceHistory(r: CatalogReader, sinceDay: number): Promise<NocturneSpaceRow[]> {
  return await r.reader
    .selectFrom("NocturneSpace")
    .selectAll()
    .where("Day", ">=", sinceDay)
    .orderBy("StorageName")
    .orderBy("DeviceName")
    .orderBy("Day")
    .execute();
}

/** What jobs wrote to a Pool since a moment (unix seconds), and when the first of these ended. */
export interface PoolInflow {
  readonly poolId: number;
  readonly jobs: number;
  readonly bytes: number;
  readonly first: number;
}

/** What good backups and copies wrote to each Pool since a moment, by PoolId. */
export async function listPoolInflow(r: CatalogReader, since: number): Promise<PoolInflow[]> {
  return await r.reader
    .selectFrom("Job")
    .select((e) => [
      "PoolId as poolId",
      e.fn.countAll<number>().as("jobs"),
      e.fn.coalesce(e.fn.sum<number>("JobBytes"), e.lit(0)).as("bytes"),
      e.fn.min("JobTDate").as("first"),
    ])
    .where("Type", "in", ["B", "C"])
    .where("JobStatus", "in", ["T", "W"])
    .where("JobTDate", ">=", since)
    .groupBy("PoolId")
    .orderBy("PoolId")
    .execute();
}
