import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Backend } from "./backend.ts";
import { singleStatement } from "./single-statement.ts";
import type { SqlResult } from "./sql-connection.ts";

/**
 * Runs one statement of the operator. On SQLite it goes to the reading thread first, so that a long SELECT holds up no job; what that
 * refuses (it writes, or names a temporary table that the writer made) goes to the writer.
 */
export async function runOperatorStatement(backend: Backend, text: string, signal?: AbortSignal): Promise<SqlResult> {
  const statement = singleStatement(text);
  if (backend.dialect === "mysql") return await backend.stream("writer", statement, [], signal);
  try {
    return await backend.stream("reader", statement, [], signal);
  } catch (error) {
    if (!belongsToWriter(error)) throw error;
    return await backend.stream("writer", statement, [], signal);
  }
}

function belongsToWriter(error: unknown): boolean {
  return error instanceof OperatorError && (error.code === "CATALOG_STATEMENT" || /no such table/.test(error.message));
}
