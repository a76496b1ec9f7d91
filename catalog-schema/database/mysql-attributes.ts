import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Connection } from "mysql2";
import { decodeName, encodeName } from "#lib/base/byte-name.ts";
import { must } from "#lib/base/assert.ts";
import { readAttributeBatch, type AttributeSink } from "./attribute-batch.ts";
import { GenerationCache } from "./generation-cache.ts";
import { Slots } from "./mutex.ts";
import { query, type MysqlPool } from "./mysql-pool.ts";
import type { PathWatch } from "./path-watch.ts";
import type { AttributesInput } from "./sql-connection.ts";
import type { AttributesInserted, LastFile } from "./sqlite-protocol.ts";
import { isTooDeep, parentPath } from "./split-name.ts";

/** Paths kept in memory: some 20 MB at 150 bytes each. */
const PATHS_CACHED = 100_000;
/** Rows of one look-up or insert of paths. */
const PATHS_PER_STATEMENT = 500;
/** Characters of one INSERT; every server takes a packet of 1 MiB. */
const STATEMENT_CHARS = 400_000;

interface FileValues {
  readonly path: string;
  /** The row as SQL values, but for PathId, which goes between the two parts. */
  readonly before: string;
  readonly after: string;
}

/**
 * Writes the attributes of jobs into a MySQL catalog. Paths are created in statements of their own, committed at once: they are shared by
 * all jobs, so a transaction that held them until its end would make others wait, or deadlock. A path that no file uses does no harm.
 */
export class MysqlAttributes {
  readonly #pathPool: MysqlPool;
  readonly #pathIds = new GenerationCache<string, number>(PATHS_CACHED);
  readonly #pathsMutex = new Slots(1);
  /** Paths that files are stored in since the watch began; null: nobody watches. */
  #watched: Set<number> | null = null;

  /** `pathPool` serves the creation of paths: with connections of the one pool, jobs that hold them all would wait for one more for ever. */
  constructor(pathPool: MysqlPool) {
    this.#pathPool = pathPool;
  }

  /** Nothing that is remembered holds any longer: paths were deleted. */
  forgetPaths(): void {
    this.#pathIds.clear();
  }

  /** Begins to note the paths that files are stored in. Transactions that are open now may have found theirs before. */
  watch(): PathWatch {
    const watched = (this.#watched = new Set());
    return {
      remove: async (pathIds) => await this.#remove(pathIds, watched),
      [Symbol.asyncDispose]: async () => {
        this.#watched = null;
      },
    };
  }

  /** While paths are being removed none is looked up or created: a job that remembered one has noted it, or finds it no more. */
  async #remove(pathIds: readonly number[], watched: ReadonlySet<number>): Promise<readonly number[]> {
    if (pathIds.length === 0) return [];
    await this.#pathsMutex.acquire();
    try {
      return await this.#pathPool.use(async (connection) => {
        const named = await pathsOf(connection, pathIds);
        for (const { Path } of named) this.#pathIds.delete(Path);
        const unused = named.filter(({ PathId }) => !watched.has(PathId)).map(({ PathId }) => PathId);
        if (unused.length === 0) return [];
        // Both tables or none: what was left of a path in the hierarchy would keep its parent for ever.
        await query(connection, "START TRANSACTION");
        try {
          const removed = await removePaths(connection, unused);
          await query(connection, "COMMIT");
          return removed;
        } catch (error) {
          await query(connection, "ROLLBACK").catch(() => {}); // a lost connection rolls back by itself
          throw error;
        }
      });
    } finally {
      this.#pathsMutex.release();
    }
  }

  /** Inserts all files of the batches on `connection`, inside its open transaction. Throws CATALOG_BATCH_INVALID. */
  async insert(connection: Connection, input: AttributesInput): Promise<AttributesInserted> {
    const rows = new RowCollector(input.jobId);
    const line = new StatementLine(connection);
    const pathIds = new Map<string, number>();
    for (const batch of input.batches) {
      readAttributeBatch(batch, rows);
      await nextTurn(); // the daemon's other work goes on between batches
      await this.#resolve(rows.takePaths(), pathIds);
      for (const statement of insertFiles(rows.takeAllButLast(), pathIds)) await line.send(statement);
    }
    for (const statement of insertFiles(rows.takeLast(), pathIds)) await line.send(statement);
    if (rows.late !== null) await sendLateDigest(line, input, rows.late);
    for (const statement of insertVisible(input.jobId, pathIds)) await line.send(statement);
    await line.end();
    const last = rows.last;
    return {
      files: rows.count,
      last: last === null ? input.last : { ...last, pathId: must(pathIds.get(last.path), "PathId of the last file") },
    };
  }

  /** Adds the ids of the paths, and of all above them, to those that are known. */
  async #resolve(paths: ReadonlySet<string>, ids: Map<string, number>): Promise<void> {
    const missing = new Set<string>();
    for (const path of withAncestors(paths)) {
      if (ids.has(path)) continue;
      const known = this.#pathIds.get(path);
      if (known === undefined) missing.add(path);
      else ids.set(path, this.#noted(known));
    }
    if (missing.size === 0) return;
    await this.#pathsMutex.acquire();
    try {
      await this.#pathPool.use(async (connection) => await this.#findOrCreate(connection, [...missing].toSorted(), ids));
      for (const path of missing) this.#noted(must(ids.get(path), "PathId"));
    } finally {
      this.#pathsMutex.release();
    }
    for (const path of missing) this.#pathIds.set(path, must(ids.get(path), "PathId"));
  }

  #noted(pathId: number): number {
    this.#watched?.add(pathId);
    return pathId;
  }

  async #findOrCreate(connection: Connection, paths: readonly string[], ids: Map<string, number>): Promise<void> {
    const created: string[] = [];
    for (const some of pieces(paths, PATHS_PER_STATEMENT)) {
      await findPaths(connection, some, ids);
      const unknown = some.filter((path) => !ids.has(path));
      for (const few of byLength(unknown))
        await query(connection, `INSERT IGNORE INTO Path (Path) VALUES ${few.map((path) => `(${literal(path)})`).join(",")}`);
      if (unknown.length > 0) await findPaths(connection, unknown, ids);
      created.push(...some);
    }
    const links = created.flatMap((path) => {
      const parent = isTooDeep(path) ? null : parentPath(path);
      return parent === null ? [] : [`(${ids.get(path)},${must(ids.get(parent), "parent's PathId")})`];
    });
    for (const some of pieces(links, PATHS_PER_STATEMENT))
      await query(connection, `INSERT IGNORE INTO PathHierarchy (PathId, PPathId) VALUES ${some.join(",")}`);
  }
}

/** Statements one after the other on one connection: while the server works at one, the next is made. */
class StatementLine {
  readonly #connection: Connection;
  #running: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Sends a statement when the one before has ended. Throws what that one met. */
  async send(statement: string): Promise<void> {
    await this.#running;
    this.#running = query(this.#connection, statement);
    this.#running.catch(() => {}); // told by the next send, or by end
  }

  /** Waits for the last statement. */
  async end(): Promise<void> {
    await this.#running;
  }
}

/** Takes batches apart into values of an INSERT. */
class RowCollector implements AttributeSink {
  readonly #jobId: number;
  #files: FileValues[] = [];
  #paths = new Set<string>();
  /** Files so far. */
  count = 0;
  late: { readonly fileIndex: number; readonly digest: string } | null = null;
  last: (Omit<LastFile, "pathId"> & { readonly path: string }) | null = null;
  #lastPath: string | null = null;

  constructor(jobId: number) {
    this.#jobId = jobId;
  }

  file(fileIndex: number, path: string, filename: string, deltaSeq: number, lstat: string, digest: string): void {
    if (path !== this.#lastPath) this.#paths.add(path);
    this.#lastPath = path;
    this.count += 1;
    this.#files.push({
      path,
      before: `(${fileIndex},${this.#jobId},`,
      after: `,${literal(filename)},${deltaSeq},'${lstat}','${digest}')`,
    });
    this.last = { fileIndex, filename, path };
  }

  /** After the first file of several batches, a late digest is that of the last file: its row is still here. */
  lateDigest(fileIndex: number, digest: string): void {
    const row = this.#files.at(-1);
    if (row === undefined) this.late = { fileIndex, digest };
    else if (this.last?.fileIndex === fileIndex)
      this.#files[this.#files.length - 1] = { ...row, after: row.after.replace(/'[^']*'\)$/, `'${digest}')`) };
  }

  /** Hands over the files but for the last, whose digest the next batch may bring. */
  takeAllButLast(): readonly FileValues[] {
    const taken = this.#files;
    this.#files = taken.splice(-1);
    return taken;
  }

  takeLast(): readonly FileValues[] {
    return this.#files;
  }

  /** Paths that came since the last call. */
  takePaths(): ReadonlySet<string> {
    const paths = this.#paths;
    this.#paths = new Set();
    return paths;
  }
}

/** Removes those below which no path is; answers which. */
async function removePaths(connection: Connection, pathIds: readonly number[]): Promise<readonly number[]> {
  await query(
    connection,
    `DELETE p FROM Path p LEFT JOIN PathHierarchy h ON h.PPathId = p.PathId WHERE p.PathId IN (${pathIds.join(",")}) AND h.PathId IS NULL`,
  );
  const left = new Set((await pathsOf(connection, pathIds)).map(({ PathId }) => PathId));
  const removed = pathIds.filter((pathId) => !left.has(pathId));
  if (removed.length > 0) await query(connection, `DELETE FROM PathHierarchy WHERE PathId IN (${removed.join(",")})`);
  return removed;
}

async function pathsOf(connection: Connection, pathIds: readonly number[]): Promise<{ PathId: number; Path: string }[]> {
  const rows = await query(connection, `SELECT PathId, Path FROM Path WHERE PathId IN (${pathIds.join(",")})`);
  return (rows as { PathId: number; Path: Buffer | string }[]).map(({ PathId, Path }) => ({
    PathId: Number(PathId),
    Path: typeof Path === "string" ? Path : decodeName(Path),
  }));
}

async function findPaths(connection: Connection, paths: readonly string[], ids: Map<string, number>): Promise<void> {
  const byHash = new Map(paths.map((path) => [hash("sha256", encodeName(path), "hex"), path]));
  const list = [...byHash.keys()].map((digest) => `X'${digest}'`).join(",");
  const rows = (await query(
    connection,
    `SELECT PathId, LOWER(HEX(PathHash)) AS Digest FROM Path WHERE PathHash IN (${list})`,
  )) as { PathId: number; Digest: string | Buffer }[];
  for (const row of rows) ids.set(must(byHash.get(row.Digest.toString()), "path of a hash"), Number(row.PathId));
}

/** INSERTs of some 400 kB each. */
function* insertFiles(files: readonly FileValues[], pathIds: ReadonlyMap<string, number>): Generator<string> {
  let values = "";
  for (const file of files) {
    values += `${values === "" ? "" : ","}${file.before}${pathIds.get(file.path)}${file.after}`;
    if (values.length < STATEMENT_CHARS) continue;
    yield insertFilesSql(values);
    values = "";
  }
  if (values !== "") yield insertFilesSql(values);
}

function insertFilesSql(values: string): string {
  return `INSERT INTO File (FileIndex, JobId, PathId, Filename, DeltaSeq, LStat, MD5) VALUES ${values}`;
}

/** `pathIds` holds the paths of the files and all above them. */
function* insertVisible(jobId: number, pathIds: ReadonlyMap<string, number>): Generator<string> {
  const rows = [...pathIds.values()].toSorted((a, b) => a - b).map((id) => `(${jobId},${id})`);
  for (const some of pieces(rows, 2 * PATHS_PER_STATEMENT))
    yield `INSERT IGNORE INTO PathVisibility (JobId, PathId) VALUES ${some.join(",")}`;
}

async function sendLateDigest(
  line: StatementLine,
  input: AttributesInput,
  late: NonNullable<RowCollector["late"]>,
): Promise<void> {
  const { last } = input;
  if (last.fileIndex === 0 || last.fileIndex !== late.fileIndex) return;
  const where = `JobId = ${input.jobId} AND PathId = ${last.pathId} AND Filename = ${literal(last.filename)} AND FileIndex = ${last.fileIndex}`;
  await line.send(`UPDATE File SET MD5 = '${late.digest}' WHERE ${where}`);
}

/** The paths and all above them; those that are too deep stand alone. */
function withAncestors(paths: ReadonlySet<string>): Set<string> {
  const all = new Set<string>();
  for (const path of paths) {
    if (isTooDeep(path)) {
      all.add(path);
      continue;
    }
    for (let at: string | null = path; at !== null && !all.has(at); at = parentPath(at)) all.add(at);
  }
  return all;
}

function* pieces<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function* byLength(paths: readonly string[]): Generator<readonly string[]> {
  let some: string[] = [];
  let chars = 0;
  for (const path of paths) {
    if (some.length > 0 && chars + path.length > STATEMENT_CHARS / 2) {
      yield some;
      some = [];
      chars = 0;
    }
    some.push(path);
    chars += path.length;
  }
  if (some.length > 0) yield some;
}

/** A file name as an SQL literal: plain names quoted, all others as hexadecimal bytes, which no character set and no sql_mode can bend. */
function literal(name: string): string {
  return /^[ !#-&(-[\]-~]*$/.test(name) ? `'${name}'` : `X'${encodeName(name).toString("hex")}'`;
}
