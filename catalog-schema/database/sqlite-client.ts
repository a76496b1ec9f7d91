import { Worker } from "node:worker_threads";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { ErrorCode } from "#lib/errors/codes.ts";
import type { WorkerAnswer, WorkerFailure, WorkerReply, WorkerRequest, WorkerStart } from "./sqlite-protocol.ts";

interface Pending {
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A unique or primary key was broken: the caller raced with another writer. */
export class DuplicateKeyError extends Error {
  override readonly name = "DuplicateKeyError";
}

/** V8's nursery of a worker, MiB: its rows are short-lived, and its own choice of several times as much only costs memory. */
const YOUNG_MIB = 8;

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** A SQLite database in a worker thread. Requests are answered in order; the callers bound how many are under way (sqlite-dialect.ts). */
export class SqliteClient implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #file: string;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #failure: Error | null = null;

  private constructor(worker: Worker, file: string) {
    this.#worker = worker;
    this.#file = file;
    worker.on("message", (reply: WorkerReply) => this.#settle(reply));
    worker.on("error", (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => this.#fail(new OperatorError("CATALOG_CLOSED", `catalog ${file} is closed`)));
  }

  /** Starts the worker and waits until it has opened the file. */
  static async open(start: WorkerStart): Promise<SqliteClient> {
    const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const worker = new Worker(new URL(`./sqlite-worker${extension}`, import.meta.url), {
      workerData: start,
      name: start.isReader ? "catalog-read" : "catalog-write",
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    const client = new SqliteClient(worker, start.file);
    await new Promise<WorkerAnswer>((resolve, reject) => client.#pending.set(0, { resolve, reject }));
    worker.unref();
    return client;
  }

  /** Sends a request. `transfer` are buffers that are given away. */
  async ask(request: WorkerRequest, transfer: readonly ArrayBuffer[] = []): Promise<WorkerAnswer> {
    if (this.#failure !== null) throw this.#failure;
    const id = (this.#lastId += 1);
    const answer = new Promise<WorkerAnswer>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    if (this.#pending.size === 1) this.#worker.ref();
    this.#worker.postMessage({ id, request }, transfer);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure !== null) return;
    await this.ask({ kind: "close" });
    await this.#worker.terminate();
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ("answer" in reply) pending.resolve(reply.answer);
    else pending.reject(sqliteError(reply.failure, this.#file));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#pending.clear();
  }
}

/** What an operator should read about a failure of SQLite. */
function sqliteError(failure: WorkerFailure, file: string): Error {
  if (failure.code !== null) return new OperatorError(failure.code as ErrorCode, failure.message);
  const text = `catalog ${file}: ${failure.message}`;
  if (failure.errcode === SQLITE_CONSTRAINT_UNIQUE || failure.errcode === SQLITE_CONSTRAINT_PRIMARYKEY)
    return new DuplicateKeyError(text);
  switch (failure.errcode & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new OperatorError("CATALOG_BUSY", text, { hint: "another program writes to the catalog; wait for it to end" });
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new OperatorError("CATALOG_DAMAGED", text, { hint: "restore the catalog from its last backup" });
    case SQLITE_FULL:
      return new OperatorError("CATALOG_DISK_FULL", text, { hint: "free space on the disk that holds it" });
    case 0:
      return new Error(text);
    default:
      return new OperatorError((failure.errcode & 0xff) === SQLITE_READONLY ? "CATALOG_STATEMENT" : "CATALOG_REFUSED", text);
  }
}
