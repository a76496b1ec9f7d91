import { hash } from "node:crypto";
import { sql } from "kysely";
import { encodeName } from "#lib/base/byte-name.ts";
import type { CatalogReader } from "../database/backend.ts";
import { splitName } from "../database/split-name.ts";

/** The newest version of a file among some jobs. */
export interface ListedFile {
  /** Path of its directory, ending in /. */
  readonly path: string;
  /** Last component; empty for the directory itself. */
  readonly filename: string;
  readonly fileId: number;
  readonly fileIndex: number;
  readonly jobId: number;
  readonly lstat: string;
  /** Digest in base64 without padding, "0" if none. */
  readonly md5: string;
  readonly deltaSeq: number;
}

/** A row of File as the functions here read it; FileIndex 0 or less: found deleted by that job. */
export interface FileVersion {
  readonly FileId: number;
  readonly FileIndex: number;
  readonly JobId: number;
  readonly PathId: number;
  readonly Filename: string;
  readonly LStat: string;
  readonly MD5: string;
  readonly DeltaSeq: number;
}

/** Columns of a FileVersion. */
export const fileColumns = [
  "File.FileId",
  "File.FileIndex",
  "File.JobId",
  "File.PathId",
  "File.Filename",
  "File.LStat",
  "File.MD5",
  "File.DeltaSeq",
] as const;

/** Jobs and which of two is the later. */
export interface RankedJobs {
  readonly jobIds: readonly number[];
  /** Place of each job by JobTDate, then number: the higher replaces the lower. */
  readonly rank: ReadonlyMap<number, number>;
}

/** The jobs that exist of these, ranked. */
export async function rankJobs(r: CatalogReader, jobIds: readonly number[]): Promise<RankedJobs> {
  if (jobIds.length === 0) return { jobIds: [], rank: new Map() };
  const rows = await r.reader
    .selectFrom("Job")
    .select("JobId")
    .where("JobId", "in", [...jobIds])
    .orderBy("JobTDate")
    .orderBy("JobId")
    .execute();
  return { jobIds: rows.map((row) => row.JobId), rank: new Map(rows.map((row, at) => [row.JobId, at])) };
}

/** Of two versions of one file the one that counts. */
export function newer(jobs: RankedJobs, one: FileVersion | undefined, other: FileVersion): FileVersion {
  if (one === undefined) return other;
  const difference = (jobs.rank.get(other.JobId) ?? -1) - (jobs.rank.get(one.JobId) ?? -1);
  if (difference !== 0) return difference > 0 ? other : one;
  return other.FileId > one.FileId ? other : one;
}

/** A version with the path that its PathId stands for. */
export function listed(version: FileVersion, path: string): ListedFile {
  return {
    path,
    filename: version.Filename,
    fileId: version.FileId,
    fileIndex: version.FileIndex,
    jobId: version.JobId,
    lstat: version.LStat,
    md5: version.MD5,
    deltaSeq: version.DeltaSeq,
  };
}

/** Number of a path; null when no job has ever saved it. */
export async function findPathId(r: CatalogReader, path: string): Promise<number | null> {
  const query = r.reader.selectFrom("Path").select("PathId");
  const isIt =
    r.dialect === "mysql"
      ? sql<boolean>`PathHash = ${hash("sha256", encodeName(path), "buffer")}`
      : sql<boolean>`Path = ${path}`;
  return (await query.where(isIt).executeTakeFirst())?.PathId ?? null;
}

/** The newest version of a file or directory ("/a/b/" or "/a/b") among the jobs; null when none has it or the newest says deleted. */
export async function findFile(r: CatalogReader, jobIds: readonly number[], name: string): Promise<ListedFile | null> {
  const jobs = await rankJobs(r, jobIds);
  if (jobs.jobIds.length === 0) return null;
  const { path, filename } = splitName(name);
  const asFile = filename === "" ? null : await newestOf(r, jobs, path, filename);
  if (asFile !== null) return asFile;
  return await newestOf(r, jobs, filename === "" ? path : `${name}/`, "");
}

async function newestOf(r: CatalogReader, jobs: RankedJobs, path: string, filename: string): Promise<ListedFile | null> {
  const pathId = await findPathId(r, path);
  if (pathId === null) return null;
  const rows = await r.reader
    .selectFrom("File")
    .select(fileColumns)
    .where("JobId", "in", [...jobs.jobIds])
    .where("PathId", "=", pathId)
    .where("Filename", "=", filename)
    .execute();
  const newest = rows.reduce<FileVersion | undefined>((best, row) => newer(jobs, best, row), undefined);
  return newest === undefined || newest.FileIndex <= 0 ? null : listed(newest, path);
}
