import type { Readable } from "node:stream";
import {
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  SelectQueryNode,
  type CompiledQuery,
  type Dialect,
  type QueryResult,
} from "kysely";
import type { Connection, FieldPacket, ResultSetHeader, TypeCastField } from "mysql2";
import { ConnectionDialect, type CatalogConnection } from "./connection-dialect.ts";
import type { MysqlAttributes } from "./mysql-attributes.ts";
import { mysqlError, TransientError } from "./mysql-errors.ts";
import { query, type MysqlPool } from "./mysql-pool.ts";
import { fromMysql, toMysql } from "./mysql-values.ts";
import { attributesInput, ROWS_PER_PAGE, type Cell, type SqlResult } from "./sql-connection.ts";

/** Times that a read is begun anew after its connection was lost; each time the pool waits for the server. */
const READ_ATTEMPTS = 3;

/** Kysely on a pool of MySQL connections. */
export function mysqlDialect(pool: MysqlPool, attributes: MysqlAttributes): Dialect {
  return new ConnectionDialect({
    acquire: async () => new MysqlConnection(pool, attributes),
    compiler: MysqlQueryCompiler,
    adapter: MysqlAdapter,
    introspector: MysqlIntrospector,
  });
}

/** Takes a connection of the pool when first used; a read outside a transaction is begun anew on another when its connection is lost. */
class MysqlConnection implements CatalogConnection {
  readonly #pool: MysqlPool;
  readonly #attributes: MysqlAttributes;
  #raw: Connection | null = null;
  #inTransaction = false;

  constructor(pool: MysqlPool, attributes: MysqlAttributes) {
    this.#pool = pool;
    this.#attributes = attributes;
  }

  async begin(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.#raw ??= await this.#pool.take();
      try {
        await query(this.#raw, "START TRANSACTION");
        this.#inTransaction = true;
        return;
      } catch (error) {
        const failure = this.#failed(error);
        if (attempt >= READ_ATTEMPTS || !(failure instanceof TransientError)) throw failure;
      }
    }
  }

  async commit(): Promise<void> {
    await this.#guarded(false, async (raw) => await query(raw, "COMMIT"));
    this.#inTransaction = false;
  }

  /** Never fails: a connection that cannot roll back is closed, and the server does it. */
  async rollback(): Promise<void> {
    this.#inTransaction = false;
    if (this.#raw === null) return;
    await query(this.#raw, "ROLLBACK").catch(() => this.#drop());
  }

  release(): void {
    if (this.#raw !== null) this.#pool.put(this.#raw);
    this.#raw = null;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const input = attributesInput(query);
    if (input !== null)
      return { rows: [(await this.#guarded(false, async (raw) => await this.#attributes.insert(raw, input))) as Row] };
    return await this.#guarded(SelectQueryNode.is(query.query), async (raw) => await execute<Row>(raw, query));
  }

  async open({ sql, parameters }: CompiledQuery, pageRows: number): Promise<SqlResult> {
    const end = (isWhole: boolean): void => (isWhole ? undefined : this.#drop());
    const request = { sql, params: parameters, pageRows, isExact: false, where: this.#pool.where, end };
    return await this.#guarded(true, async (raw) => await openStream(raw, request));
  }

  /** Runs `work`; drops a connection that is lost, and tries again if that is harmless. */
  async #guarded<T>(mayRepeat: boolean, work: (raw: Connection) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.#raw === null && this.#inTransaction)
        throw new TransientError(`catalog ${this.#pool.where}: the connection of the transaction is lost`, "lost");
      this.#raw ??= await this.#pool.take();
      try {
        return await work(this.#raw);
      } catch (error) {
        const failure = this.#failed(error);
        const isWorthIt =
          failure instanceof TransientError &&
          (mayRepeat || failure.isUnsent) &&
          !this.#inTransaction &&
          attempt < READ_ATTEMPTS;
        if (!isWorthIt) throw failure;
      }
    }
  }

  #failed(error: unknown): Error {
    const failure = mysqlError(error, this.#pool.where);
    if (failure instanceof TransientError && failure.isLost) this.#drop();
    return failure;
  }

  #drop(): void {
    if (this.#raw !== null) this.#pool.discard(this.#raw);
    this.#raw = null;
  }
}

async function execute<Row>(raw: Connection, compiled: CompiledQuery): Promise<QueryResult<Row>> {
  const options = {
    sql: compiled.sql,
    values: compiled.parameters.map(toMysql),
    typeCast: (field: TypeCastField) => fromMysql(field, false),
  };
  const result = await query(raw, options);
  if (Array.isArray(result)) return { rows: result as Row[] };
  const header = result as ResultSetHeader;
  return { rows: [], numAffectedRows: BigInt(header.affectedRows), insertId: BigInt(header.insertId) };
}

/** What a stream of rows is opened with. */
interface StreamRequest {
  readonly sql: string;
  readonly params: readonly unknown[];
  readonly pageRows: number;
  readonly isExact: boolean;
  /** Names the catalog in messages. */
  readonly where: string;
  readonly signal?: AbortSignal | undefined;
  /** Called once when nothing more is read; `isWhole` false: rows are still under way, the connection is of no more use. */
  readonly end: (isWhole: boolean) => void;
}

/** Runs any statement on a connection of its own; rows come in pages and exact. */
export async function openPoolStream(
  pool: MysqlPool,
  sql: string,
  params: readonly unknown[],
  signal?: AbortSignal,
): Promise<SqlResult> {
  const raw = await pool.take();
  const end = (isWhole: boolean): void => (isWhole ? pool.put(raw) : pool.discard(raw));
  try {
    return await openStream(raw, { sql, params, pageRows: ROWS_PER_PAGE, isExact: true, where: pool.where, signal, end });
  } catch (error) {
    pool.discard(raw);
    throw mysqlError(error, pool.where);
  }
}

/** The connection is paused by the driver while nobody reads. */
async function openStream(raw: Connection, request: StreamRequest): Promise<SqlResult> {
  const { isExact, pageRows } = request;
  const typeCast = (field: TypeCastField): Cell => fromMysql(field, isExact);
  const running = raw.query({ sql: request.sql, values: request.params.map(toMysql), rowsAsArray: true, typeCast });
  const head = new Promise<readonly string[] | number>((resolve, reject) => {
    running.on("fields", (fields: FieldPacket[] | undefined) => {
      if (fields !== undefined) resolve(fields.map((field) => field.name));
    });
    running.on("result", (row: ResultSetHeader | Cell[]) => {
      if (!Array.isArray(row)) resolve(row.affectedRows);
    });
    running.on("error", reject);
  });
  const stream = running.stream({ highWaterMark: pageRows });
  stream.on("error", () => {}); // told by `head` or by the iteration
  const columns = await head;
  if (typeof columns === "number") {
    stream.resume();
    request.end(true);
    return { kind: "changed", rows: columns };
  }
  return { kind: "rows", columns, rows: pagesOf(stream, request) };
}

async function* pagesOf(stream: Readable, request: StreamRequest): AsyncGenerator<readonly (readonly Cell[])[], void, void> {
  let page: Cell[][] = [];
  let isWhole = false;
  try {
    for await (const row of stream) {
      request.signal?.throwIfAborted();
      page.push(row as Cell[]);
      if (page.length >= request.pageRows) {
        yield page;
        page = [];
      }
    }
    isWhole = true;
    if (page.length > 0) yield page;
  } catch (error) {
    throw mysqlError(error, request.where);
  } finally {
    request.end(isWhole);
  }
}
