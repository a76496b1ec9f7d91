import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
} from "kysely";
import { ROWS_PER_PAGE, type Cell, type SqlResult } from "./sql-connection.ts";

/** A connection that knows how to hold a transaction, and is given back after use. */
export interface CatalogConnection {
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  release(): void;
  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>>;
  /** Runs a statement whose rows are fetched in pages. */
  open(query: CompiledQuery, pageRows: number): Promise<SqlResult>;
}

/** What differs between the databases. */
export interface DialectParts {
  readonly acquire: () => Promise<CatalogConnection>;
  readonly compiler: new () => QueryCompiler;
  readonly adapter: new () => DialectAdapter;
  readonly introspector: new (db: Kysely<unknown>) => DatabaseIntrospector;
}

/** Kysely on connections of our own; one shell for all databases. */
export class ConnectionDialect implements Dialect {
  readonly #parts: DialectParts;

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  createDriver(): Driver {
    return new ConnectionDriver(this.#parts.acquire);
  }
  createQueryCompiler(): QueryCompiler {
    return new this.#parts.compiler();
  }
  createAdapter(): DialectAdapter {
    return new this.#parts.adapter();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new this.#parts.introspector(db);
  }
}

class ConnectionDriver implements Driver {
  readonly #acquire: () => Promise<CatalogConnection>;

  constructor(acquire: () => Promise<CatalogConnection>) {
    this.#acquire = acquire;
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return new KyselyConnection(await this.#acquire());
  }
  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ownOf(connection).release();
  }
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await ownOf(connection).begin();
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await ownOf(connection).commit();
  }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await ownOf(connection).rollback();
  }
  async destroy(): Promise<void> {}
}

/** A connection as Kysely uses it: rows of a stream become objects. */
class KyselyConnection implements DatabaseConnection {
  readonly own: CatalogConnection;

  constructor(own: CatalogConnection) {
    this.own = own;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return await this.own.executeQuery(query);
  }

  async *streamQuery<Row>(query: CompiledQuery, chunkSize = ROWS_PER_PAGE): AsyncIterableIterator<QueryResult<Row>> {
    const result = await this.own.open(query, chunkSize);
    if (result.kind === "changed") return;
    for await (const page of result.rows) yield { rows: page.map((row) => rowObject(result.columns, row)) as Row[] };
  }
}

function ownOf(connection: DatabaseConnection): CatalogConnection {
  return (connection as KyselyConnection).own;
}

/** A row as an object, by the names of its columns. */
export function rowObject(columns: readonly string[], row: readonly Cell[]): Record<string, Cell> {
  const object: Record<string, Cell> = {};
  for (let at = 0; at < columns.length; at++) object[columns[at]!] = row[at]!;
  return object;
}
