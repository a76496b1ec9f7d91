import { CompiledQuery } from "kysely";
import type { AttributesInserted, LastFile, SqlValue } from "./sqlite-protocol.ts";

/** A cell of a streamed row: numbers above 2^53 are bigint here, never rounded. */
export type Cell = SqlValue;

/** Columns and rows of a query, rows in pages as they are read. Whoever gets one must iterate, to the end or until he leaves the loop. */
export interface RowStream {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<readonly (readonly Cell[])[]>;
}

/** What a statement of any kind answers. */
export type SqlResult = ({ readonly kind: "rows" } & RowStream) | { readonly kind: "changed"; readonly rows: number };

/** Rows that are read at once from a cursor. */
export const ROWS_PER_PAGE = 1_000;

/**
 * The bulk insert travels through Kysely's transaction as a statement of its own kind, so that it runs on the very connection that holds
 * the transaction open. Each connection knows it by this text and does not send it to the database.
 */
const ATTRIBUTES_COMMAND = "-- nocturne: insert attributes";

/** What the bulk insert is given. */
export interface AttributesInput {
  readonly jobId: number;
  readonly last: LastFile;
  readonly batches: readonly Uint8Array[];
}

/** The bulk insert as something that Kysely can execute; the answer is one row of type AttributesInserted. */
export function attributesQuery(input: AttributesInput): CompiledQuery<AttributesInserted> {
  return CompiledQuery.raw(ATTRIBUTES_COMMAND, [input]) as CompiledQuery<AttributesInserted>;
}

/** The input, if this is a bulk insert. */
export function attributesInput(query: CompiledQuery): AttributesInput | null {
  return query.sql === ATTRIBUTES_COMMAND ? (query.parameters[0] as AttributesInput) : null;
}
