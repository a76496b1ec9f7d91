import type { CatalogReader } from "../database/backend.ts";
import { splitName } from "../database/split-name.ts";
import type { JobRow } from "../schema/job.ts";
import { fileColumns, findPathId, listed, type ListedFile } from "./files.ts";

/** A line of the table that `restore` shows before it begins: one for each Volume of each job. */
export interface RestoreJobRow {
  readonly JobId: number;
  readonly Level: string;
  readonly JobFiles: number;
  readonly JobBytes: number;
  readonly StartTime: string | null;
  /** Empty when the job has no Volume. */
  readonly VolumeName: string;
}

/** A job that saved a file. */
export interface JobWithFile {
  readonly JobId: number;
  /** Path and name. */
  readonly Name: string;
  readonly StartTime: string | null;
  readonly JobType: string;
  readonly JobStatus: string;
  readonly JobFiles: number;
  readonly JobBytes: number;
}

/** The last backups, newest first, with the names of their clients. */
export async function listLastJobs(
  r: CatalogReader,
  options: { readonly clientId?: number; readonly limit?: number } = {},
): Promise<(JobRow & { readonly ClientName: string })[]> {
  const query = r.reader
    .selectFrom("Job")
    .innerJoin("Client", "Client.ClientId", "Job.ClientId")
    .selectAll("Job")
    .select("Client.Name as ClientName")
    .where("Job.Type", "=", "B")
    .where("Job.JobStatus", "in", ["T", "W"])
    .orderBy("Job.JobId", "desc")
    .limit(options.limit ?? 20);
  return await (options.clientId === undefined ? query : query.where("Job.ClientId", "=", options.clientId)).execute();
}

/**
 * Jobs of a client that saved a file, newest first. `name` with a "/" is a whole path and found by index; without, it is the last
 * component, looked for in all directories of all its jobs, which takes time.
 */
export async function listJobsWithFile(
  r: CatalogReader,
  wanted: { readonly clientId: number; readonly name: string; readonly limit?: number },
): Promise<JobWithFile[]> {
  const { path, filename } = splitName(wanted.name);
  const pathId = path === "" ? null : await findPathId(r, path);
  if (path !== "" && pathId === null) return [];
  let query = r.reader
    .selectFrom("Job")
    .innerJoin("File", "File.JobId", "Job.JobId")
    .innerJoin("Path", "Path.PathId", "File.PathId")
    .select([
      "Job.JobId",
      "Path.Path",
      "File.Filename",
      "Job.StartTime",
      "Job.Type",
      "Job.JobStatus",
      "Job.JobFiles",
      "Job.JobBytes",
    ])
    .where("Job.ClientId", "=", wanted.clientId)
    .where("Job.Type", "in", ["B", "C"])
    .where("File.FileIndex", ">", 0)
    .where("File.Filename", "=", filename);
  if (pathId !== null) query = query.where("File.PathId", "=", pathId);
  const rows = await query
    .orderBy("Job.StartTime", "desc")
    .limit(wanted.limit ?? 20)
    .execute();
  return rows.map(({ Path, Filename, Type, ...row }) => ({ ...row, Name: `${Path}${Filename}`, JobType: Type }));
}

/** The table of jobs and Volumes that a restore will use, in the order of the jobs given. */
export async function listRestoreJobs(r: CatalogReader, jobIds: readonly number[]): Promise<RestoreJobRow[]> {
  if (jobIds.length === 0) return [];
  const rows = await r.reader
    .selectFrom("Job")
    .leftJoin("JobMedia", "JobMedia.JobId", "Job.JobId")
    .leftJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .select(["Job.JobId", "Job.Level", "Job.JobFiles", "Job.JobBytes", "Job.StartTime", "Media.VolumeName"])
    .where("Job.JobId", "in", [...jobIds])
    .orderBy("JobMedia.VolIndex")
    .orderBy("JobMedia.JobMediaId")
    .execute();
  const seen = new Map<string, RestoreJobRow>();
  for (const row of rows) {
    const key = `${row.JobId} ${row.VolumeName ?? ""}`;
    if (!seen.has(key)) seen.set(key, { ...row, VolumeName: row.VolumeName ?? "" });
  }
  const place = new Map(jobIds.map((jobId, at) => [jobId, at]));
  return [...seen.values()].toSorted((a, b) => place.get(a.JobId)! - place.get(b.JobId)!);
}

/** The newest saved version of one file of a client, in whichever good backup it is; started before `before` if given. */
export async function findNewestVersion(
  r: CatalogReader,
  wanted: { readonly clientId: number; readonly name: string; readonly before?: string; readonly fileSet?: string },
): Promise<ListedFile | null> {
  const { path, filename } = splitName(wanted.name);
  const pathId = await findPathId(r, path);
  if (pathId === null) return null;
  let query = r.reader
    .selectFrom("Job")
    .innerJoin("File", "File.JobId", "Job.JobId")
    .select(fileColumns)
    .where("Job.ClientId", "=", wanted.clientId)
    .where("Job.Type", "=", "B")
    .where("Job.JobStatus", "in", ["T", "W"])
    .where("File.PathId", "=", pathId)
    .where("File.Filename", "=", filename);
  if (wanted.before !== undefined) query = query.where("Job.StartTime", "<", wanted.before);
  if (wanted.fileSet !== undefined) {
    const name = wanted.fileSet;
    query = query.where("Job.FileSetId", "in", (e) =>
      e.selectFrom("FileSet").select("FileSet.FileSetId").where("FileSet.FileSet", "=", name),
    );
  }
  const row = await query.orderBy("Job.JobTDate", "desc").orderBy("File.FileId", "desc").limit(1).executeTakeFirst();
  return row === undefined || row.FileIndex <= 0 ? null : listed(row, path);
}

/** True if file rows of any of the jobs are left: without, only whole jobs can be restored. */
export async function hasFileRows(r: CatalogReader, jobIds: readonly number[]): Promise<boolean> {
  if (jobIds.length === 0) return false;
  return (
    (await r.reader
      .selectFrom("File")
      .select("FileId")
      .where("JobId", "in", [...jobIds])
      .limit(1)
      .executeTakeFirst()) !== undefined
  );
}
