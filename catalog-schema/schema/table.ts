import type { ColumnType } from "kysely";

/** What a column holds. The DDL of each database follows from this (migrations/ddl.ts). All numbers but `int32` and `flag` are 64-bit. */
export type ColumnKind =
  | "serial"
  | "fastSerial"
  | "count"
  | "integer"
  | "int32"
  | "flag"
  | "letter"
  | "name"
  | "text"
  | "bytes"
  | "datetime"
  | "word";

/** One column as data; the type parameters are what a row holds and what an insert may give. */
export interface Column<Select = unknown, Insert = unknown> {
  readonly kind: ColumnKind;
  readonly meaning: string;
  readonly isNullable: boolean;
  /** Value of rows that do not name the column; without one (and not nullable, not serial) every insert must. */
  readonly initial?: number | string;
  /** The words of a `word` column. */
  readonly words?: readonly string[];
  /** Never present: carries the types. */
  readonly types?: ColumnType<Select, Insert, Select>;
}

/** An index and the reason it exists. */
export interface Index {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isUnique?: boolean;
  readonly why: string;
  /** Absent: both databases. */
  readonly only?: "sqlite" | "mysql";
}

/** A table as data. */
export interface Table<Columns extends Record<string, Column> = Record<string, Column>> {
  readonly name: string;
  readonly meaning: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  readonly indices: readonly Index[];
  /** Columns that only MySQL needs, as SQL text, and why (`Path`: a hash to be unique by). */
  readonly mysqlExtra?: { readonly columns: Readonly<Record<string, string>>; readonly why: string };
}

/** Describes a table; `primaryKey` may be left out where a serial column is it. */
export function table<Columns extends Record<string, Column>>(
  name: string,
  meaning: string,
  columns: Columns,
  options: {
    readonly primaryKey?: readonly string[];
    readonly indices?: readonly Index[];
    readonly mysqlExtra?: NonNullable<Table["mysqlExtra"]>;
  } = {},
): Table<Columns> {
  const serials = Object.entries(columns).filter(([, column]) => column.kind === "serial" || column.kind === "fastSerial");
  return {
    name,
    meaning,
    columns,
    primaryKey: options.primaryKey ?? serials.map(([key]) => key),
    indices: options.indices ?? [],
    ...(options.mysqlExtra === undefined ? {} : { mysqlExtra: options.mysqlExtra }),
  };
}

/** Kysely's view of a table: what is selected, inserted and updated per column. */
export type KyselyTable<T extends Table> = {
  [Key in keyof T["columns"]]: T["columns"][Key] extends Column<infer Select, infer Insert>
    ? ColumnType<Select, Insert, Select>
    : never;
};

/** A row of a table as it is read. */
export type RowOf<T extends Table> = {
  [Key in keyof T["columns"]]: T["columns"][Key] extends Column<infer Select, unknown> ? Select : never;
};

type Given<T> = Column<T, T>;
type Defaulted<T> = Column<T, T | undefined>;

/** Row number given by the database, never used twice. */
export const serial = (meaning: string): Defaulted<number> => ({ kind: "serial", meaning, isNullable: false });
/** Row number of a table with very many rows; the number of the last row may come again after that row was deleted. */
export const fastSerial = (meaning: string): Defaulted<number> => ({ kind: "fastSerial", meaning, isNullable: false });
/** Id, count, byte count or unix time: 0 or more, 64-bit. */
export const count = (meaning: string, initial = 0): Defaulted<number> => ({
  kind: "count",
  meaning,
  isNullable: false,
  initial,
});
/** Like `count`, but every insert must give it. */
export const givenCount = (meaning: string): Given<number> => ({ kind: "count", meaning, isNullable: false });
/** Signed 64-bit number. */
export const integer = (meaning: string, initial = 0): Defaulted<number> => ({
  kind: "integer",
  meaning,
  isNullable: false,
  initial,
});
/** Signed 32-bit number: where a file has one row and the Volume format itself has 32 bits. */
export const int32 = (meaning: string, initial = 0): Defaulted<number> => ({
  kind: "int32",
  meaning,
  isNullable: false,
  initial,
});
/** Small number, mostly 0 or 1. */
export const flag = (meaning: string, initial = 0): Defaulted<number> => ({
  kind: "flag",
  meaning,
  isNullable: false,
  initial,
});
/** One letter, case-sensitive. */
export const letter = (meaning: string, initial?: string): Given<string> =>
  initial === undefined
    ? { kind: "letter", meaning, isNullable: false }
    : { kind: "letter", meaning, isNullable: false, initial };
/** Up to 255 bytes, compared byte by byte. */
export const name = (meaning: string): Given<string> => ({ kind: "name", meaning, isNullable: false });
/** A `name` that may be absent. */
export const optionalName = (meaning: string): Column<string | null, string | null | undefined> => ({
  kind: "name",
  meaning,
  isNullable: true,
});
/** Long text or a file name, compared byte by byte. */
export const text = (meaning: string): Given<string> => ({ kind: "text", meaning, isNullable: false });
/** A `text` that may be absent. */
export const optionalText = (meaning: string): Column<string | null, string | null | undefined> => ({
  kind: "text",
  meaning,
  isNullable: true,
});
/** Bytes that are no text. */
export const bytes = (meaning: string): Given<Uint8Array> => ({ kind: "bytes", meaning, isNullable: false });
/** Local time "YYYY-MM-DD HH:MM:SS", or null while it has not come. */
export const datetime = (meaning: string): Column<string | null, string | null | undefined> => ({
  kind: "datetime",
  meaning,
  isNullable: true,
});
/** One of some words. */
export const word = <Word extends string>(meaning: string, words: readonly Word[]): Given<Word> => ({
  kind: "word",
  meaning,
  isNullable: false,
  words,
});
