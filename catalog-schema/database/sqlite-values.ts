import { decodeName, encodeName } from "#lib/base/byte-name.ts";
import type { SqlValue } from "./sqlite-protocol.ts";

/** Columns whose bytes are no text and stay bytes on the way out. */
const byteColumns: ReadonlySet<string> = new Set(["RestoreObject"]);

/** A parameter for SQLite: names that are not valid UTF-8 become BLOBs, times and booleans what SQLite can hold. */
export function toSqlite(value: unknown): SqlValue {
  if (value === undefined) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return value.isWellFormed() ? value : encodeName(value);
  return value as SqlValue;
}

/**
 * A value read from SQLite. BLOBs are names that are not valid UTF-8, except in `byteColumns`. Numbers above 2^53 are given as bigint
 * when `isExact`, else rounded: only byte totals get there, and typed rows carry numbers.
 */
export function fromSqlite(value: SqlValue, column: string, isExact: boolean): SqlValue {
  if (typeof value === "bigint") {
    const number = Number(value);
    return !isExact || Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof Uint8Array && !byteColumns.has(column)) return decodeName(value);
  return value;
}
