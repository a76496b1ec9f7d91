import { decodeName, encodeName } from "#lib/base/byte-name.ts";
import type { TypeCastField } from "mysql2";
import type { SqlValue } from "./sqlite-protocol.ts";

/** Columns whose bytes are no text and stay bytes on the way out. */
const byteColumns: ReadonlySet<string> = new Set(["RestoreObject"]);

/** A parameter for mysql2: names that are not valid UTF-8 become bytes. */
export function toMysql(value: unknown): string | number | bigint | Buffer | boolean | null {
  if (value === undefined) return null;
  if (typeof value === "string") return value.isWellFormed() ? value : encodeName(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value as number | bigint | boolean | null;
}

/** Reads a field as the catalog's rows carry it; the twin of `fromSqlite`. */
export function fromMysql(field: TypeCastField, isExact: boolean): SqlValue {
  switch (field.type as string) {
    case "TINY":
    case "SHORT":
    case "INT24":
    case "LONG":
    case "LONGLONG":
    case "YEAR":
    case "DECIMAL":
    case "NEWDECIMAL":
      return wholeNumber(field.string(), isExact);
    case "FLOAT":
    case "DOUBLE":
      return asNumber(field.string());
    case "DATE":
    case "TIME":
    case "DATETIME":
    case "DATETIME2":
    case "TIMESTAMP":
    case "TIMESTAMP2":
    case "NEWDATE":
      return field.string();
    default: {
      const bytes = field.buffer();
      return bytes === null || byteColumns.has(field.name) ? bytes : decodeName(bytes);
    }
  }
}

function asNumber(text: string | null): number | null {
  return text === null ? null : Number(text);
}

function wholeNumber(text: string | null, isExact: boolean): number | bigint | null {
  if (text === null) return null;
  const number = Number(text);
  if (!isExact || Number.isSafeInteger(number) || text.includes(".")) return number;
  return BigInt(text);
}
