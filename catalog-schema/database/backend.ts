import { Kysely, type CompiledQuery, type Transaction } from "kysely";
import type { Dialect } from "../migrations/ddl.ts";
import type { Tables } from "../schema/tables.ts";
import { Slots } from "./mutex.ts";
import { MysqlAttributes } from "./mysql-attributes.ts";
import { mysqlDialect, openPoolStream } from "./mysql-dialect.ts";
import { MysqlPool, type MysqlOptions } from "./mysql-pool.ts";
import { ROWS_PER_PAGE, type RowStream, type SqlResult } from "./sql-connection.ts";
import type { PathWatch } from "./path-watch.ts";
import { SqliteClient } from "./sqlite-client.ts";
import { openCursor, sqliteDialect } from "./sqlite-dialect.ts";
import type { WorkerAnswer, WorkerRequest } from "./sqlite-protocol.ts";

/** An SQLite catalog: a file of the Director. */
export interface SqliteOptions {
  readonly driver: "sqlite";
  readonly file: string;
}

/** Which catalog. */
export type CatalogOptions = SqliteOptions | MysqlOptions;

/** Reads. Inside a transaction it sees what the transaction wrote. */
export interface CatalogReader {
  readonly dialect: Dialect;
  readonly reader: Kysely<Tables>;
}

/** Reads and writes. */
export interface CatalogWriter extends CatalogReader {
  readonly writer: Kysely<Tables>;
}

/** What `list` reads from: rows in pages, numbers exact. */
export interface RowSource extends CatalogReader {
  streamRows(query: CompiledQuery, signal?: AbortSignal): Promise<RowStream>;
}

/** A database that is open, whatever it holds. */
export interface Backend extends CatalogWriter, AsyncDisposable {
  /** Names the catalog in messages. */
  readonly description: string;
  /**
   * Runs any one statement, rows in pages and exact. On "reader" SQLite refuses to write (CATALOG_STATEMENT); on "writer" other writers
   * wait until the rows have been read.
   */
  stream(on: "reader" | "writer", sql: string, params: readonly unknown[], signal?: AbortSignal): Promise<SqlResult>;
  /** Begins to note the paths that files are stored in; one watch at a time. What transactions stored that are open now may be missing. */
  watchPaths(): Promise<PathWatch>;
}

/** Requests that readers of SQLite may have under way at once; the worker answers one after the other. */
const READERS_MAX = 32;

/** Opens the database; it must exist. */
export async function openBackend(options: CatalogOptions): Promise<Backend> {
  return options.driver === "sqlite" ? await openSqlite(options) : await openMysql(options);
}

/** The handle that work inside a transaction gets: all on its one connection. */
export function transactionHandle(dialect: Dialect, transaction: Transaction<Tables>): CatalogWriter {
  return { dialect, reader: transaction, writer: transaction };
}

/** Two threads on one file: what an operator reads does not wait for the jobs that write. */
async function openSqlite(options: SqliteOptions): Promise<Backend> {
  await using opened = new AsyncDisposableStack();
  const writing = opened.use(await SqliteClient.open({ file: options.file, isReader: false }));
  const reading = opened.use(await SqliteClient.open({ file: options.file, isReader: true }));
  const readSlots = new Slots(READERS_MAX);
  const writeSlots = new Slots(1);
  const resources = opened.move();
  return {
    dialect: "sqlite",
    reader: new Kysely<Tables>({ dialect: sqliteDialect(reading, readSlots) }),
    writer: new Kysely<Tables>({ dialect: sqliteDialect(writing, writeSlots) }),
    stream: async (on, sql, params, signal) =>
      await (on === "reader"
        ? streamSqlite(reading, readSlots, sql, params, signal)
        : streamSqlite(writing, writeSlots, sql, params, signal)),
    watchPaths: async () => await watchSqlitePaths(writing, writeSlots),
    description: `SQLite catalog ${options.file}`,
    [Symbol.asyncDispose]: async () => await resources.disposeAsync(),
  };
}

/** Between transactions: what was stored before has been committed. */
async function watchSqlitePaths(client: SqliteClient, slots: Slots): Promise<PathWatch> {
  const ask = async (request: WorkerRequest): Promise<WorkerAnswer> => {
    await slots.acquire();
    try {
      return await client.ask(request);
    } finally {
      slots.release();
    }
  };
  await ask({ kind: "watchPaths", isOn: true });
  return {
    remove: async (pathIds) => {
      const answer = await ask({ kind: "removePaths", pathIds });
      if (answer.kind !== "removed") throw new TypeError(`SQLite worker answered ${answer.kind}`);
      return answer.pathIds;
    },
    [Symbol.asyncDispose]: async () => void (await ask({ kind: "watchPaths", isOn: false })),
  };
}

async function streamSqlite(
  client: SqliteClient,
  slots: Slots,
  sql: string,
  params: readonly unknown[],
  signal?: AbortSignal,
): Promise<SqlResult> {
  await slots.acquire();
  try {
    return await openCursor(client, {
      sql,
      params,
      isExact: true,
      pageRows: ROWS_PER_PAGE,
      signal,
      onEnd: () => slots.release(),
    });
  } catch (error) {
    slots.release();
    throw error;
  }
}

async function openMysql(options: MysqlOptions): Promise<Backend> {
  await using opened = new AsyncDisposableStack();
  const pool = opened.use(new MysqlPool(options));
  const pathPool = opened.use(new MysqlPool({ ...options, connections: 1 }));
  pool.put(await pool.take(false));
  const attributes = new MysqlAttributes(pathPool);
  const both = new Kysely<Tables>({ dialect: mysqlDialect(pool, attributes) });
  const resources = opened.move();
  return {
    dialect: "mysql",
    reader: both,
    writer: both,
    stream: async (_on, sql, params, signal) => {
      const result = await openPoolStream(pool, sql, params, signal);
      if (result.kind === "changed") attributes.forgetPaths(); // the operator may have deleted paths
      return result;
    },
    watchPaths: async () => attributes.watch(),
    description: `MySQL catalog ${pool.where}`,
    [Symbol.asyncDispose]: async () => await resources.disposeAsync(),
  };
}
