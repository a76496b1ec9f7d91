import { AsyncLocalStorage } from "node:async_hooks";
import { invariant } from "#lib/base/assert.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { CompiledQuery, Kysely } from "kysely";
import {
  openBackend,
  transactionHandle,
  type Backend,
  type CatalogOptions,
  type CatalogReader,
  type CatalogWriter,
  type RowSource,
} from "./database/backend.ts";
import { applyEventsInTransaction, type EventApplication, type EventsApplied } from "./database/event-application.ts";
import { TransientError } from "./database/mysql-errors.ts";
import type { PathWatch } from "./database/path-watch.ts";
import type { RowStream, SqlResult } from "./database/sql-connection.ts";
import { runOperatorStatement } from "./database/operator-statement.ts";
import { requireFile, requireVersion } from "./migrations/migrate.ts";
import type { Dialect } from "./migrations/ddl.ts";
import type { Tables } from "./schema/tables.ts";

export type { CatalogOptions, CatalogReader, CatalogWriter, RowSource, RowStream, SqlResult };

const TRANSACTION_ATTEMPTS = 6;
const RETRY_FIRST_MS = 20;

/** The catalog, open and of the right version. Safe to use from many jobs at once. */
export class Catalog implements CatalogWriter, RowSource, AsyncDisposable {
  /** As it was opened: with it another thread can open the same catalog. Holds a password. */
  readonly options: CatalogOptions;
  readonly #backend: Backend;
  readonly #inTransaction = new AsyncLocalStorage<true>();
  readonly #open = new Set<Promise<unknown>>();

  private constructor(backend: Backend, options: CatalogOptions) {
    this.#backend = backend;
    this.options = options;
  }

  /** Opens a catalog that exists. Throws CATALOG_MISSING, CATALOG_VERSION, CATALOG_UNREACHABLE ... with what to do. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    await requireFile(options);
    await using opening = new AsyncDisposableStack();
    const backend = opening.use(await openBackend(options));
    await requireVersion(backend);
    opening.move();
    return new Catalog(backend, options);
  }

  get dialect(): Dialect {
    return this.#backend.dialect;
  }
  get reader(): Kysely<Tables> {
    return this.#backend.reader;
  }
  /** Not within `transaction`: there `tx.writer` is meant; on SQLite, which has one writer, this one would wait for itself. */
  get writer(): Kysely<Tables> {
    invariant(this.#inTransaction.getStore() !== true, "inside a transaction only its own handle writes");
    return this.#backend.writer;
  }
  /** Names the catalog in messages. */
  get description(): string {
    return this.#backend.description;
  }

  /**
   * Runs `work` as one transaction. It may run more than once: after a deadlock, or when the connection was lost before the commit was
   * sent. Say `idempotent` if it may also be repeated when nobody knows whether the commit arrived; else that ends in CATALOG_UNREACHABLE.
   */
  async transaction<T>(work: (tx: CatalogWriter) => Promise<T>, options: { readonly idempotent?: boolean } = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const phase = { isCommitting: false };
      try {
        return await this.#counted(this.#once(work, phase));
      } catch (error) {
        const mayRepeat =
          error instanceof TransientError && (!phase.isCommitting || !error.isLost || options.idempotent === true);
        if (!mayRepeat || attempt >= TRANSACTION_ATTEMPTS) throw error;
        await sleep(RETRY_FIRST_MS * 2 ** attempt * (0.5 + Math.random() / 2));
      }
    }
  }

  /** Applies events of a daemon's half of a job, each exactly once however often it is sent. Afterwards they may be acknowledged. */
  async applyEvents(application: EventApplication): Promise<EventsApplied> {
    return await this.transaction(async (tx) => await applyEventsInTransaction(tx, application), { idempotent: true });
  }

  /** Runs one statement that the operator typed. Rows come in pages; end the iteration or read to its end. Throws CATALOG_STATEMENT. */
  async sqlQuery(text: string, signal?: AbortSignal): Promise<SqlResult> {
    return await runOperatorStatement(this.#backend, text, signal);
  }

  /** Rows of a query of ours in pages, numbers exact. */
  async streamRows(query: CompiledQuery, signal?: AbortSignal): Promise<RowStream> {
    const result = await this.#backend.stream("reader", query.sql, query.parameters, signal);
    if (result.kind === "changed") throw new TypeError("a query of rows changed rows");
    return result;
  }

  /** Begins to note the paths that files are stored in: all that is not in the catalog yet when this returns. One watch at a time. */
  async watchPaths(): Promise<PathWatch> {
    const watch = await this.#backend.watchPaths();
    await Promise.allSettled([...this.#open]); // they may have looked up their paths before
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }

  async #counted<T>(attempt: Promise<T>): Promise<T> {
    this.#open.add(attempt);
    return await attempt.finally(() => this.#open.delete(attempt));
  }

  async #once<T>(work: (tx: CatalogWriter) => Promise<T>, phase: { isCommitting: boolean }): Promise<T> {
    const transaction = await this.writer.startTransaction().execute();
    try {
      const result = await this.#inTransaction.run(true, async () => await work(transactionHandle(this.dialect, transaction)));
      phase.isCommitting = true;
      await transaction.commit().execute();
      return result;
    } catch (error) {
      await transaction
        .rollback()
        .execute()
        .catch(() => {}); // a lost connection has rolled back; the first error is the one to tell
      throw error;
    }
  }
}
