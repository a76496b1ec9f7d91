import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from "kysely";
import { impossible } from "#lib/base/assert.ts";
import type { Slots } from "./mutex.ts";
import { attributesInput, ROWS_PER_PAGE, type Cell, type SqlResult } from "./sql-connection.ts";
import type { SqliteClient } from "./sqlite-client.ts";
import type { CursorPage } from "./sqlite-protocol.ts";
import { toSqlite } from "./sqlite-values.ts";

/** Kysely on a SQLite worker. `slots` bounds who is in at once: one for a writer, so that transactions never mix; more for a reader. */
export class SqliteWorkerDialect implements Dialect {
  readonly #client: SqliteClient;
  readonly #slots: Slots;

  constructor(client: SqliteClient, slots: Slots) {
    this.#client = client;
    this.#slots = slots;
  }

  createDriver(): Driver {
    return new SqliteWorkerDriver(this.#client, this.#slots);
  }
  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }
  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }
  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

class SqliteWorkerDriver implements Driver {
  readonly #slots: Slots;
  readonly #connection: SqliteConnection;
  readonly #client: SqliteClient;

  constructor(client: SqliteClient, slots: Slots) {
    this.#client = client;
    this.#slots = slots;
    this.#connection = new SqliteConnection(client);
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#slots.acquire();
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {
    this.#slots.release();
  }
  async beginTransaction(): Promise<void> {
    await this.#connection.executeQuery(CompiledQuery.raw("BEGIN IMMEDIATE"));
  }
  async commitTransaction(): Promise<void> {
    await this.#connection.executeQuery(CompiledQuery.raw("COMMIT"));
  }
  async rollbackTransaction(): Promise<void> {
    await this.#client.ask({ kind: "rollback" });
  }
  async destroy(): Promise<void> {}
}

/** One connection for all: what keeps users apart are the slots. */
class SqliteConnection implements DatabaseConnection {
  readonly #client: SqliteClient;

  constructor(client: SqliteClient) {
    this.#client = client;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const input = attributesInput(query);
    if (input !== null) {
      // Copies of their own, which are then given away: a batch is mostly a view into a larger message, which would be cloned whole.
      const batches = input.batches.map((batch) => new Uint8Array(batch));
      const answer = await this.#client.ask(
        { kind: "attributes", ...input, batches },
        batches.map((batch) => batch.buffer),
      );
      if (answer.kind !== "attributes") throw new TypeError(`SQLite worker answered ${answer.kind}`);
      return { rows: [answer.inserted as Row] };
    }
    const answer = await this.#client.ask({ kind: "execute", sql: query.sql, params: query.parameters.map(toSqlite) });
    switch (answer.kind) {
      case "rows":
        return { rows: answer.rows.map((row) => toObject(answer.columns, row)) as Row[] };
      case "changed":
        return { rows: [], numAffectedRows: BigInt(answer.changes), insertId: BigInt(answer.insertId) };
      case "cursor":
      case "page":
      case "attributes":
      case "done":
        throw new TypeError(`SQLite worker answered ${answer.kind} to a statement`);
      default:
        return impossible(answer, "executeQuery");
    }
  }

  async *streamQuery<Row>(query: CompiledQuery, chunkSize = ROWS_PER_PAGE): AsyncIterableIterator<QueryResult<Row>> {
    const result = await openCursor(this.#client, {
      sql: query.sql,
      params: query.parameters,
      isExact: false,
      pageRows: chunkSize,
    });
    if (result.kind === "changed") return;
    for await (const page of result.rows) yield { rows: page.map((row) => toObject(result.columns, row)) as Row[] };
  }
}

/** What a cursor is opened with. `isExact`: numbers above 2^53 are bigint, not rounded. */
export interface CursorRequest {
  readonly sql: string;
  readonly params: readonly unknown[];
  readonly isExact: boolean;
  readonly pageRows: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when nothing more is read. */
  readonly onEnd?: () => void;
}

/** Opens a statement whose rows are fetched page by page; a statement without rows has run when this returns. */
export async function openCursor(client: SqliteClient, request: CursorRequest): Promise<SqlResult> {
  const { sql, params, isExact, pageRows } = request;
  const answer = await client.ask({ kind: "openCursor", sql, params: params.map(toSqlite), isExact, rows: pageRows });
  if (answer.kind === "changed") {
    request.onEnd?.();
    return { kind: "changed", rows: answer.changes };
  }
  if (answer.kind !== "cursor") throw new TypeError(`SQLite worker answered ${answer.kind} to a cursor`);
  return { kind: "rows", columns: answer.columns, rows: pagesOf(client, answer.cursor, answer.first, request) };
}

async function* pagesOf(client: SqliteClient, cursor: number, first: CursorPage, request: CursorRequest): RowPages {
  let page = first;
  try {
    if (page.rows.length > 0) yield page.rows;
    while (!page.isLast) {
      request.signal?.throwIfAborted();
      const answer = await client.ask({ kind: "nextPage", cursor, rows: request.pageRows });
      if (answer.kind !== "page") throw new TypeError(`SQLite worker answered ${answer.kind} to a page`);
      page = answer.page;
      if (page.rows.length > 0) yield page.rows;
    }
  } finally {
    if (!page.isLast) await client.ask({ kind: "closeCursor", cursor });
    request.onEnd?.();
  }
}

type RowPages = AsyncGenerator<readonly (readonly Cell[])[], void, void>;

function toObject(columns: readonly string[], row: readonly Cell[]): Record<string, Cell> {
  const object: Record<string, Cell> = {};
  for (let at = 0; at < columns.length; at++) object[columns[at]!] = row[at]!;
  return object;
}
