import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { must } from "#lib/base/assert.ts";
import { readAttributeBatch, type AttributeSink } from "./attribute-batch.ts";
import { GenerationCache } from "./generation-cache.ts";
import { isTooDeep, parentPath } from "./split-name.ts";
import type { AttributesInserted, LastFile } from "./sqlite-protocol.ts";
import { fromSqlite, toSqlite } from "./sqlite-values.ts";

/** Paths kept in memory: some 20 MB at 150 bytes each. */
const PATHS_CACHED = 100_000;

/** File rows of one statement: starting and ending a statement costs as much as a third of a row. */
const ROWS_PER_INSERT = 16;
const VALUES_PER_ROW = 7;

/**
 * Writes the attributes of jobs into File, Path, PathHierarchy and PathVisibility. Lives in the writer's thread and works inside the
 * transaction that is open there. Whoever rolls that back, or deletes paths, must call `forgetPaths`.
 */
export class SqliteAttributes implements AttributeSink {
  readonly #insertFile: StatementSync;
  readonly #insertFiles: StatementSync;
  readonly #lateDigest: StatementSync;
  readonly #findPath: StatementSync;
  readonly #insertPath: StatementSync;
  readonly #insertParent: StatementSync;
  readonly #insertVisible: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #database: DatabaseSync;
  readonly #pathIds = new GenerationCache<string, number>(PATHS_CACHED);
  /** "JobId:PathId" of what is known to stand in PathVisibility. */
  readonly #visible = new GenerationCache<string, true>(PATHS_CACHED);
  #seenDataVersion = -1;
  /** Paths that files were stored in since the watch began; null: nobody watches. */
  #watched: { readonly pathIds: Set<number>; readonly dataVersion: number } | null = null;
  #jobId = 0;
  #files = 0;
  #lastPath: string | null = null;
  #pathId = 0;
  #lastIndex = 0;
  #lastPathId = 0;
  #lastFilename = "";
  /** Values of rows that are not written yet. */
  #waiting: SQLInputValue[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insertFile = database.prepare(insertFileSql(1));
    this.#insertFiles = database.prepare(insertFileSql(ROWS_PER_INSERT));
    this.#lateDigest = database.prepare(
      `UPDATE File SET MD5 = ? WHERE JobId = ? AND PathId = ? AND Filename = ? AND FileIndex = ?`,
    );
    this.#findPath = database.prepare(`SELECT PathId FROM Path WHERE Path = ?`);
    this.#insertPath = database.prepare(`INSERT INTO Path (Path) VALUES (?)`);
    this.#insertParent = database.prepare(`INSERT OR IGNORE INTO PathHierarchy (PathId, PPathId) VALUES (?, ?)`);
    this.#insertVisible = database.prepare(`INSERT OR IGNORE INTO PathVisibility (JobId, PathId) VALUES (?, ?)`);
    this.#dataVersion = database.prepare(`PRAGMA data_version`);
  }

  /** Inserts all files of the batches. Throws CATALOG_BATCH_INVALID; the caller then rolls back. */
  insert(jobId: number, last: LastFile, batches: readonly Uint8Array[]): AttributesInserted {
    this.#forgetWhenOthersWrote();
    this.#jobId = jobId;
    this.#files = 0;
    this.#lastPath = null;
    this.#waiting = []; // of an insert that ended with an error
    this.#lastIndex = last.fileIndex;
    this.#lastPathId = last.pathId;
    this.#lastFilename = last.filename;
    for (const batch of batches) readAttributeBatch(batch, this);
    this.#writeWaiting();
    return { files: this.#files, last: { fileIndex: this.#lastIndex, pathId: this.#lastPathId, filename: this.#lastFilename } };
  }

  /** Begins or ends to note the paths that files are stored in. */
  watch(isOn: boolean): void {
    this.#watched = isOn ? { pathIds: new Set(), dataVersion: this.#version } : null;
  }

  /** Removes paths as PathWatch says, in a transaction of its own. */
  remove(pathIds: readonly number[]): readonly number[] | null {
    const watched = must(this.#watched, "a watch over paths");
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const removed = this.#version === watched.dataVersion ? this.#removeUnwatched(pathIds, watched.pathIds) : null;
      this.#database.exec("COMMIT");
      return removed;
    } catch (error) {
      this.forgetPaths();
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #removeUnwatched(pathIds: readonly number[], watched: ReadonlySet<number>): readonly number[] {
    const removePath = this.#database.prepare(
      `DELETE FROM Path WHERE PathId = ? AND NOT EXISTS (SELECT 1 FROM PathHierarchy WHERE PPathId = Path.PathId) RETURNING Path`,
    );
    const removeParent = this.#database.prepare(`DELETE FROM PathHierarchy WHERE PathId = ?`);
    const removed: number[] = [];
    for (const pathId of pathIds) {
      if (watched.has(pathId)) continue;
      const row = removePath.get(pathId);
      if (row === undefined) continue;
      removeParent.run(pathId);
      removed.push(pathId);
      this.#pathIds.delete(fromSqlite(row["Path"]!, "Path", false) as string);
    }
    if (removed.length > 0) this.#lastPath = null;
    return removed;
  }

  /** Nothing that is remembered holds any longer: a transaction was undone, or paths were deleted. */
  forgetPaths(): void {
    this.#pathIds.clear();
    this.#visible.clear();
    this.#lastPath = null;
  }

  file(fileIndex: number, path: string, filename: string, deltaSeq: number, lstat: string, digest: string): void {
    if (path !== this.#lastPath) this.#enterPath(path);
    this.#waiting.push(fileIndex, this.#jobId, this.#pathId, toSqlite(filename), deltaSeq, lstat, digest);
    if (this.#waiting.length === ROWS_PER_INSERT * VALUES_PER_ROW) {
      this.#insertFiles.run(...this.#waiting);
      this.#waiting = [];
    }
    this.#files += 1;
    this.#lastIndex = fileIndex;
    this.#lastPathId = this.#pathId;
    this.#lastFilename = filename;
  }

  lateDigest(fileIndex: number, digest: string): void {
    if (fileIndex !== this.#lastIndex || fileIndex === 0) return;
    this.#writeWaiting();
    this.#lateDigest.run(digest, this.#jobId, this.#lastPathId, toSqlite(this.#lastFilename), fileIndex);
  }

  #writeWaiting(): void {
    for (let at = 0; at < this.#waiting.length; at += VALUES_PER_ROW)
      this.#insertFile.run(...this.#waiting.slice(at, at + VALUES_PER_ROW));
    this.#waiting = [];
  }

  #enterPath(path: string): void {
    this.#pathId = this.#pathIdOf(path);
    this.#lastPath = path;
    if (isTooDeep(path)) this.#insertVisible.run(this.#jobId, this.#pathId);
    else this.#makeVisible(path, this.#pathId);
  }

  #pathIdOf(path: string): number {
    const pathId = this.#pathIds.get(path) ?? this.#findOrCreate(path);
    this.#watched?.pathIds.add(pathId);
    return pathId;
  }

  #findOrCreate(path: string): number {
    const found = this.#findPath.get(toSqlite(path)) as { PathId: number } | undefined;
    const pathId = found?.PathId ?? this.#createPath(path);
    this.#pathIds.set(path, pathId);
    return pathId;
  }

  /** A loop, not a recursion: a hostile path has 32,768 levels. */
  #createPath(path: string): number {
    const pathId = this.#insertOnePath(path);
    if (isTooDeep(path)) return pathId;
    let child = pathId;
    for (let parent = parentPath(path); parent !== null; parent = parentPath(parent)) {
      const found =
        this.#pathIds.get(parent) ?? (this.#findPath.get(toSqlite(parent)) as { PathId: number } | undefined)?.PathId;
      const parentId = found ?? this.#insertOnePath(parent);
      this.#insertParent.run(child, parentId);
      if (found !== undefined) break;
      child = parentId;
    }
    return pathId;
  }

  #insertOnePath(path: string): number {
    return Number(this.#insertPath.run(toSqlite(path)).lastInsertRowid);
  }

  /** A path that is visible has only visible paths above it, so the way up ends at the first one. */
  #makeVisible(path: string, pathId: number): void {
    let id = pathId;
    for (let at: string | null = path; at !== null; at = parentPath(at)) {
      if (at !== path) id = this.#pathIdOf(at);
      const key = `${this.#jobId}:${id}`;
      if (this.#visible.get(key) === true) return;
      const isNew = this.#insertVisible.run(this.#jobId, id).changes === 1;
      this.#visible.set(key, true);
      if (!isNew) return;
    }
  }

  /** Changes when another connection has written. */
  get #version(): number {
    return (this.#dataVersion.get() as { data_version: number }).data_version;
  }

  #forgetWhenOthersWrote(): void {
    const version = this.#version;
    if (version !== this.#seenDataVersion) this.forgetPaths();
    this.#seenDataVersion = version;
  }
}

function insertFileSql(rows: number): string {
  const values = Array(rows).fill("(?, ?, ?, ?, ?, ?, ?)").join(", ");
  return `INSERT INTO File (FileIndex, JobId, PathId, Filename, DeltaSeq, LStat, MD5) VALUES ${values}`;
}
