import { DatabaseSync, constants, type StatementSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { GenerationCache } from "./generation-cache.ts";
import { SqliteAttributes } from "./sqlite-attributes.ts";
import type {
  CursorPage,
  SqlValue,
  WorkerAnswer,
  WorkerFailure,
  WorkerReply,
  WorkerRequest,
  WorkerStart,
} from "./sqlite-protocol.ts";
import { fromSqlite } from "./sqlite-values.ts";

/** Statements kept prepared. */
const STATEMENTS_CACHED = 256;
/** How long a statement waits for another process that writes. */
const BUSY_TIMEOUT_MS = 15_000;

/** How long a list may stand still before it is closed: while it is open, the write-ahead log cannot be emptied and grows. */
const CURSOR_IDLE_MS = 10 * 60_000;

/** Pages that SQLite keeps. The writer is as quick with a quarter of what it once had: what it touches lies at the end of its trees. */
const READER_CACHE_KIB = 32_768;
const WRITER_CACHE_KIB = 24_576;

interface Cursor {
  lastUsed: number;
  readonly statement: StatementSync;
  readonly rows: Iterator<readonly SqlValue[]>;
  readonly columns: readonly string[];
  readonly isExact: boolean;
}

/** One connection of SQLite in a thread of its own: SQLite is synchronous and must not hold up the daemon. */
class SqliteWorker {
  readonly #database: DatabaseSync;
  #attributes: SqliteAttributes | null = null;
  readonly #statements = new GenerationCache<string, StatementSync>(STATEMENTS_CACHED);
  readonly #cursors = new Map<number, Cursor>();
  #lastCursor = 0;

  constructor(start: WorkerStart) {
    this.#database = new DatabaseSync(start.file, {
      readOnly: start.isReader,
      timeout: BUSY_TIMEOUT_MS,
      enableForeignKeyConstraints: false,
      defensive: true,
    });
    setPragmas(this.#database, start.isReader);
    this.#database.setAuthorizer(authorize);
  }

  answer(request: WorkerRequest): WorkerAnswer {
    switch (request.kind) {
      case "execute":
        return this.#execute(request.sql, request.params);
      case "openCursor":
        return this.#openCursor(request);
      case "nextPage":
        return { kind: "page", page: this.#nextPage(request.cursor, request.rows) };
      case "closeCursor":
        this.#closeCursor(request.cursor);
        return { kind: "done" };
      case "attributes":
        return { kind: "attributes", inserted: this.#writer.insert(request.jobId, request.last, request.batches) };
      case "watchPaths":
        this.#writer.watch(request.isOn);
        return { kind: "done" };
      case "removePaths":
        return { kind: "removed", pathIds: this.#writer.remove(request.pathIds) };
      case "rollback":
        this.#attributes?.forgetPaths();
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        return { kind: "done" };
      case "close":
        this.#close();
        return { kind: "done" };
    }
  }

  /** Not made before it is needed: a catalog that is being created has no tables yet. */
  get #writer(): SqliteAttributes {
    this.#attributes ??= new SqliteAttributes(this.#database);
    return this.#attributes;
  }

  #execute(sql: string, params: readonly SqlValue[]): WorkerAnswer {
    const statement = this.#prepared(sql);
    const columns = statement.columns().map((column) => column.name);
    if (columns.length === 0) {
      const { changes, lastInsertRowid } = statement.run(...params);
      return { kind: "changed", changes: Number(changes), insertId: Number(lastInsertRowid) };
    }
    return { kind: "rows", columns, rows: readAll(statement, params).map((row) => convertRow(row, columns, false)) };
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** A cursor has a statement of its own: the same text may be open twice. */
  #openCursor({ sql, params, isExact, rows: rowsMax }: Extract<WorkerRequest, { kind: "openCursor" }>): WorkerAnswer {
    this.#attributes?.forgetPaths(); // on the writer this is a statement of the operator, who may delete paths
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(isExact);
    const columns = statement.columns().map((column) => column.name);
    if (columns.length === 0) {
      const { changes, lastInsertRowid } = statement.run(...params);
      closeStatement(statement);
      return { kind: "changed", changes: Number(changes), insertId: Number(lastInsertRowid) };
    }
    const rows = statement.iterate(...params) as unknown as Iterator<readonly SqlValue[]>;
    const cursor = (this.#lastCursor += 1);
    this.#closeIdleCursors();
    this.#cursors.set(cursor, { statement, rows, columns, isExact, lastUsed: Date.now() });
    return { kind: "cursor", cursor, columns, first: this.#nextPage(cursor, rowsMax) };
  }

  #nextPage(id: number, rowsMax: number): CursorPage {
    const cursor = this.#cursors.get(id);
    if (cursor === undefined) throw new OperatorError("CATALOG_LIST_EXPIRED", "the list was not read on for too long");
    cursor.lastUsed = Date.now();
    const rows: (readonly SqlValue[])[] = [];
    while (rows.length < rowsMax) {
      const next = cursor.rows.next();
      if (next.done === true) {
        this.#closeCursor(id);
        return { rows, isLast: true };
      }
      rows.push(convertRow(next.value, cursor.columns, cursor.isExact));
    }
    return { rows, isLast: false };
  }

  /** The statement is closed at once: its memory is none that the garbage collector sees, and a walk through a tree opens thousands. */
  #closeCursor(id: number): void {
    const cursor = this.#cursors.get(id);
    this.#cursors.delete(id);
    cursor?.rows.return?.();
    if (cursor !== undefined) closeStatement(cursor.statement);
  }

  #closeIdleCursors(): void {
    const limit = Date.now() - CURSOR_IDLE_MS;
    for (const [id, cursor] of this.#cursors) if (cursor.lastUsed < limit) this.#closeCursor(id);
  }

  #close(): void {
    for (const id of this.#cursors.keys()) this.#closeCursor(id);
    this.#database.close();
  }
}

/**
 * WAL lets readers go on beside the writer. synchronous=FULL: a commit is on the disk before it is acknowledged to a storage daemon,
 * which then forgets its log; with NORMAL a power loss could take back what we acknowledged.
 */
function setPragmas(database: DatabaseSync, isReader: boolean): void {
  if (!isReader) {
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA wal_autocheckpoint = 4000");
  }
  database.exec(`PRAGMA cache_size = -${isReader ? READER_CACHE_KIB : WRITER_CACHE_KIB}`);
  database.exec("PRAGMA temp_store = MEMORY");
}

/** Statements of the operator come here too: none may open other files. */
function authorize(action: number): number {
  return action === constants.SQLITE_ATTACH || action === constants.SQLITE_DETACH ? constants.SQLITE_DENY : constants.SQLITE_OK;
}

/** Reads as numbers; only when one is above 2^53 as bigint, which costs an object per number. */
function readAll(statement: StatementSync, params: readonly SqlValue[]): readonly (readonly SqlValue[])[] {
  try {
    return statement.all(...params) as unknown as readonly (readonly SqlValue[])[];
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_OUT_OF_RANGE") throw error;
    statement.setReadBigInts(true);
    try {
      return statement.all(...params) as unknown as readonly (readonly SqlValue[])[];
    } finally {
      statement.setReadBigInts(false);
    }
  }
}

function convertRow(row: readonly SqlValue[], columns: readonly string[], isExact: boolean): readonly SqlValue[] {
  const converted = row as SqlValue[];
  for (let at = 0; at < row.length; at++) {
    const value = row[at]!;
    if (typeof value === "object" || typeof value === "bigint") converted[at] = fromSqlite(value, columns[at]!, isExact);
  }
  return converted;
}

/** Node has the method; its declarations do not know it yet. */
function closeStatement(statement: StatementSync): void {
  (statement as StatementSync & Disposable)[Symbol.dispose]();
}

function describe(error: unknown): WorkerFailure {
  const failure = error as { message?: string; errcode?: number };
  return {
    message: failure.message ?? String(error),
    errcode: failure.errcode ?? 0,
    code: error instanceof OperatorError ? error.code : null,
  };
}

/** Answers every request in order; the first reply (id 0) says whether the database could be opened. */
function serve(port: MessagePort, start: WorkerStart): void {
  const reply = (message: WorkerReply): void => port.postMessage(message);
  let worker: SqliteWorker;
  try {
    worker = new SqliteWorker(start);
  } catch (error) {
    reply({ id: 0, failure: describe(error) });
    port.close();
    return;
  }
  reply({ id: 0, answer: { kind: "done" } });
  port.on("message", ({ id, request }: { id: number; request: WorkerRequest }) => {
    try {
      reply({ id, answer: worker.answer(request) });
    } catch (error) {
      reply({ id, failure: describe(error) });
    }
    if (request.kind === "close") port.close();
  });
}

serve(must(parentPort, "a worker thread"), workerData as WorkerStart);
