import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type QueryResult } from "kysely";
import { impossible } from "#lib/base/assert.ts";
import { ConnectionDialect, rowObject, type CatalogConnection } from "./connection-dialect.ts";
import type { Slots } from "./mutex.ts";
import { attributesInput, type Cell, type SqlResult } from "./sql-connection.ts";
import type { SqliteClient } from "./sqlite-client.ts";
import type { CursorPage } from "./sqlite-protocol.ts";
import { toSqlite } from "./sqlite-values.ts";

/** Kysely on a SQLite worker. `slots` bounds who is in at once: one for a writer, so that transactions never mix; more for a reader. */
export function sqliteDialect(client: SqliteClient, slots: Slots): Dialect {
  const connection = new SqliteConnection(client, slots);
  return new ConnectionDialect({
    acquire: async () => {
      await slots.acquire();
      return connection;
    },
    compiler: SqliteQueryCompiler,
    adapter: SqliteAdapter,
    introspector: SqliteIntrospector,
  });
}

/** One connection for all: what keeps users apart are the slots. */
class SqliteConnection implements CatalogConnection {
  readonly #client: SqliteClient;
  readonly #slots: Slots;

  constructor(client: SqliteClient, slots: Slots) {
    this.#client = client;
    this.#slots = slots;
  }

  async begin(): Promise<void> {
    await this.executeQuery(CompiledQuery.raw("BEGIN IMMEDIATE"));
  }

  async commit(): Promise<void> {
    await this.executeQuery(CompiledQuery.raw("COMMIT"));
  }

  async rollback(): Promise<void> {
    await this.#client.ask({ kind: "rollback" });
  }

  release(): void {
    this.#slots.release();
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
        return { rows: answer.rows.map((row) => rowObject(answer.columns, row)) as Row[] };
      case "changed":
        return { rows: [], numAffectedRows: BigInt(answer.changes), insertId: BigInt(answer.insertId) };
      case "cursor":
      case "page":
      case "attributes":
      case "removed":
      case "done":
        throw new TypeError(`SQLite worker answered ${answer.kind} to a statement`);
      default:
        return impossible(answer, "executeQuery");
    }
  }

  async open({ sql, parameters }: CompiledQuery, pageRows: number): Promise<SqlResult> {
    return await openCursor(this.#client, { sql, params: parameters, isExact: false, pageRows });
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
