import { sql } from "kysely";
import type { CatalogReader } from "../database/backend.ts";
import { parentPath } from "../database/split-name.ts";
import {
  fileColumns,
  findPathId,
  listed,
  newer,
  rankJobs,
  type FileVersion,
  type ListedFile,
  type RankedJobs,
} from "./files.ts";

/** A directory as some jobs together show it. */
export interface Directory {
  /** By name. `entry` is null for a directory above what was saved: it has no attributes of its own. */
  readonly subdirectories: readonly { readonly name: string; readonly path: string; readonly entry: ListedFile | null }[];
  /** By name; without directories. */
  readonly files: readonly ListedFile[];
}

/** Directories that are looked at together. */
const PATHS_PER_STEP = 200;
/** Files of one page. */
const FILES_PER_PAGE = 1_000;

/**
 * One directory: what is directly in it, of every file the newest version, without what the newest job found deleted. `path` ends in
 * "/"; "" is above all roots and drives. Reads by index only, however many files the jobs have.
 */
export async function listDirectory(r: CatalogReader, jobIds: readonly number[], path: string): Promise<Directory> {
  const jobs = await rankJobs(r, jobIds);
  const pathId = jobs.jobIds.length === 0 ? null : await findPathId(r, path);
  if (pathId === null) return { subdirectories: [], files: [] };
  const children = await visibleChildren(r, jobs, [pathId]);
  const entries = await ownEntries(
    r,
    jobs,
    children.map((child) => child.PathId),
  );
  const subdirectories = children
    .filter(({ PathId }) => (entries.get(PathId)?.FileIndex ?? 1) > 0)
    .map(({ PathId, Path }) => {
      const entry = entries.get(PathId);
      return { name: lastName(Path), path: Path, entry: entry === undefined ? null : listed(entry, Path) };
    });
  const files: ListedFile[] = [];
  for await (const page of filesIn(r, jobs, new Map([[pathId, path]])))
    files.push(...page.filter((file) => file.filename !== ""));
  return {
    subdirectories: subdirectories.toSorted((a, b) => compare(a.name, b.name)),
    files: files.toSorted((a, b) => compare(a.filename, b.filename)),
  };
}

/**
 * Every file and directory at and below `path`, the newest version of each, in pages. "" and "/" mean all that the jobs hold. Order:
 * directory by directory, parents not always before their children.
 */
export async function* walkSubtree(
  r: CatalogReader,
  jobIds: readonly number[],
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly ListedFile[], void, void> {
  const jobs = await rankJobs(r, jobIds);
  for await (const step of pathsBelow(r, jobs, path, signal)) yield* filesIn(r, jobs, step);
}

/** Every file and directory of the jobs, the newest version of each, in pages, directory by directory in the order first saved. */
export async function* newestFiles(
  r: CatalogReader,
  jobIds: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<readonly ListedFile[], void, void> {
  yield* walkSubtree(r, jobIds, "", signal);
}

/** How many files and directories `walkSubtree` would give. Of one job the database counts; of several each file must be looked at. */
export async function countSubtree(
  r: CatalogReader,
  jobIds: readonly number[],
  path: string,
  signal?: AbortSignal,
): Promise<{ files: number; directories: number }> {
  let files = 0;
  let directories = 0;
  const jobs = await rankJobs(r, jobIds);
  for await (const step of pathsBelow(r, jobs, path, signal)) {
    if (jobs.jobIds.length === 1) {
      const count = await countIn(r, jobs.jobIds[0]!, [...step.keys()]);
      files += count.files;
      directories += count.directories;
      continue;
    }
    for await (const page of filesIn(r, jobs, step)) {
      const directoriesOfPage = page.reduce((sum, file) => sum + (file.filename === "" ? 1 : 0), 0);
      directories += directoriesOfPage;
      files += page.length - directoriesOfPage;
    }
  }
  return { files, directories };
}

/** The directories at and below `path`, some at a time, by number. "" and "/" mean all that the jobs show. */
async function* pathsBelow(
  r: CatalogReader,
  jobs: RankedJobs,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<ReadonlyMap<number, string>, void, void> {
  if (jobs.jobIds.length === 0) return;
  if (path === "" || path === "/") {
    for (let step = await nextPaths(r, jobs, 0); step.size > 0; step = await nextPaths(r, jobs, Math.max(...step.keys()))) {
      signal?.throwIfAborted();
      yield step;
    }
    return;
  }
  const top = await findPathId(r, path);
  if (top === null) return;
  const waiting = new Map([[top, path]]);
  while (waiting.size > 0) {
    signal?.throwIfAborted();
    const step = takeSome(waiting, PATHS_PER_STEP);
    yield step;
    for (const child of await visibleChildren(r, jobs, [...step.keys()])) waiting.set(child.PathId, child.Path);
  }
}

async function countIn(
  r: CatalogReader,
  jobId: number,
  pathIds: readonly number[],
): Promise<{ files: number; directories: number }> {
  const row = await r.reader
    .selectFrom("File")
    .select((e) => [e.fn.countAll<number>().as("entries"), sql<number | null>`SUM(LENGTH(Filename) = 0)`.as("directories")])
    .where("JobId", "=", jobId)
    .where("PathId", "in", [...pathIds])
    .where("FileIndex", ">", 0)
    .executeTakeFirstOrThrow();
  const directories = Number(row.directories ?? 0);
  return { files: Number(row.entries) - directories, directories };
}

/** True if the jobs show this directory, be it only as one above what was saved. */
export async function directoryExists(r: CatalogReader, jobIds: readonly number[], path: string): Promise<boolean> {
  const pathId = await findPathId(r, path);
  if (pathId === null || jobIds.length === 0) return false;
  const row = await r.reader
    .selectFrom("PathVisibility")
    .select("PathId")
    .where("JobId", "in", [...jobIds])
    .where("PathId", "=", pathId)
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return false;
  const jobs = await rankJobs(r, jobIds);
  const own = await r.reader
    .selectFrom("File")
    .select(fileColumns)
    .where("JobId", "in", [...jobIds])
    .where("PathId", "=", pathId)
    .where("Filename", "=", "")
    .execute();
  const newest = own.reduce<FileVersion | undefined>((best, version) => newer(jobs, best, version), undefined);
  return newest === undefined || newest.FileIndex > 0;
}

/** Directories directly below some, as far as a job shows them. */
async function visibleChildren(
  r: CatalogReader,
  jobs: RankedJobs,
  pathIds: readonly number[],
): Promise<{ PathId: number; Path: string }[]> {
  return await r.reader
    .selectFrom("PathHierarchy")
    .innerJoin("Path", "Path.PathId", "PathHierarchy.PathId")
    .select(["Path.PathId", "Path.Path"])
    .where("PathHierarchy.PPathId", "in", [...pathIds])
    .where((e) =>
      e.exists(
        e
          .selectFrom("PathVisibility")
          .select("PathVisibility.PathId")
          .where("PathVisibility.JobId", "in", [...jobs.jobIds])
          .whereRef("PathVisibility.PathId", "=", "PathHierarchy.PathId"),
      ),
    )
    .execute();
}

/**
 * The newest attributes of directories, by PathId. Asked by number, not joined with PathHierarchy: a planner that guesses wrong there
 * reads every row of the jobs.
 */
async function ownEntries(r: CatalogReader, jobs: RankedJobs, pathIds: readonly number[]): Promise<Map<number, FileVersion>> {
  const newest = new Map<number, FileVersion>();
  for (let at = 0; at < pathIds.length; at += PATHS_PER_STEP) {
    const some = pathIds.slice(at, at + PATHS_PER_STEP);
    const rows = await r.reader
      .selectFrom("File")
      .select(fileColumns)
      .where("JobId", "in", [...jobs.jobIds])
      .where("PathId", "in", some)
      .where("Filename", "=", "")
      .execute();
    for (const row of rows) newest.set(row.PathId, newer(jobs, newest.get(row.PathId), row));
  }
  return newest;
}

/** Newest versions of all that is directly in these directories, their own entries included. One job has one version of each: it streams. */
async function* filesIn(
  r: CatalogReader,
  jobs: RankedJobs,
  paths: ReadonlyMap<number, string>,
): AsyncGenerator<readonly ListedFile[], void, void> {
  const query = r.reader
    .selectFrom("File")
    .select(fileColumns)
    .where("JobId", "in", [...jobs.jobIds])
    .where("PathId", "in", [...paths.keys()]);
  if (jobs.jobIds.length === 1) {
    let page: ListedFile[] = [];
    for await (const row of query.stream(FILES_PER_PAGE)) {
      if (row.FileIndex > 0) page.push(listed(row, paths.get(row.PathId)!));
      if (page.length < FILES_PER_PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
    return;
  }
  const newest = new Map<string, FileVersion>();
  for await (const row of query.stream(FILES_PER_PAGE)) {
    const key = `${row.PathId}/${row.Filename}`;
    newest.set(key, newer(jobs, newest.get(key), row));
  }
  let page: ListedFile[] = [];
  for (const version of newest.values()) {
    if (version.FileIndex > 0) page.push(listed(version, paths.get(version.PathId)!));
    if (page.length < FILES_PER_PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** The next directories by number that any of the jobs shows. Each job is asked by its index; a page ends where the first job's page does. */
async function nextPaths(r: CatalogReader, jobs: RankedJobs, after: number): Promise<Map<number, string>> {
  const perJob = await Promise.all(jobs.jobIds.map(async (jobId) => await nextPathsOf(r, jobId, after)));
  const bound = Math.min(...perJob.map((ids) => (ids.length < PATHS_PER_STEP ? Infinity : ids.at(-1)!)));
  const ids = [...new Set(perJob.flat())]
    .filter((id) => id <= bound)
    .toSorted((a, b) => a - b)
    .slice(0, PATHS_PER_STEP);
  if (ids.length === 0) return new Map();
  const rows = await r.reader.selectFrom("Path").select(["PathId", "Path"]).where("PathId", "in", ids).execute();
  return new Map(rows.map((row) => [row.PathId, row.Path]));
}

async function nextPathsOf(r: CatalogReader, jobId: number, after: number): Promise<number[]> {
  const rows = await r.reader
    .selectFrom("PathVisibility")
    .select("PathId")
    .where("JobId", "=", jobId)
    .where("PathId", ">", after)
    .orderBy("PathId")
    .limit(PATHS_PER_STEP)
    .execute();
  return rows.map((row) => row.PathId);
}

function takeSome(waiting: Map<number, string>, count: number): Map<number, string> {
  const some = new Map<number, string>();
  for (const [id, path] of waiting) {
    if (some.size >= count) break;
    some.set(id, path);
    waiting.delete(id);
  }
  return some;
}

function lastName(path: string): string {
  const above = parentPath(path) ?? "";
  return path.slice(above.length).replace(/(.)\/$/, "$1");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
