import { impossible } from "#lib/base/assert.ts";
import type { Column, Index, Table } from "../schema/table.ts";

/** Which SQL is spoken. */
export type Dialect = "sqlite" | "mysql";

/** Statements that make a table and its indices; `IF NOT EXISTS`, so that an interrupted creation can be run again. */
export function createTableSql(table: Table, dialect: Dialect): string[] {
  const quoted = quote(table.name, dialect);
  const lines = Object.entries(table.columns).map(
    ([name, column]) => `${quote(name, dialect)} ${columnSql(column, dialect)}${wordCheck(name, column, dialect)}`,
  );
  if (dialect === "mysql") {
    for (const [name, definition] of Object.entries(table.mysqlExtra?.columns ?? {}))
      lines.push(`${quote(name, dialect)} ${definition}`);
  }
  if (dialect === "mysql" || !hasSerial(table)) lines.push(`PRIMARY KEY (${keyColumns(table, table.primaryKey, dialect)})`);
  const indices = table.indices.filter((index) => index.only === undefined || index.only === dialect);
  if (dialect === "mysql") {
    for (const index of indices)
      lines.push(
        `${index.isUnique === true ? "UNIQUE " : ""}INDEX ${quote(index.name, dialect)} (${keyColumns(table, index.columns, dialect)})`,
      );
    return [
      `CREATE TABLE IF NOT EXISTS ${quoted} (\n  ${lines.join(",\n  ")}\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4`,
    ];
  }
  const withoutRowid = hasSerial(table) ? "" : " WITHOUT ROWID";
  return [
    `CREATE TABLE IF NOT EXISTS ${quoted} (\n  ${lines.join(",\n  ")}\n)${withoutRowid}`,
    ...indices.map((index) => sqliteIndex(table, index)),
  ];
}

/** Statement that makes one index of a table that is there. */
export function createIndexSql(table: Table, index: Index, dialect: Dialect): string {
  if (dialect === "sqlite") return sqliteIndex(table, index);
  const unique = index.isUnique === true ? "UNIQUE " : "";
  return `CREATE ${unique}INDEX ${quote(index.name, dialect)} ON ${quote(table.name, dialect)} (${keyColumns(table, index.columns, dialect)})`;
}

function sqliteIndex(table: Table, index: Index): string {
  const unique = index.isUnique === true ? "UNIQUE " : "";
  return `CREATE ${unique}INDEX IF NOT EXISTS ${quote(index.name, "sqlite")} ON ${quote(table.name, "sqlite")} (${keyColumns(table, index.columns, "sqlite")})`;
}

function hasSerial(table: Table): boolean {
  return Object.values(table.columns).some((column) => column.kind === "serial" || column.kind === "fastSerial");
}

function quote(name: string, dialect: Dialect): string {
  return dialect === "sqlite" ? `"${name}"` : `\`${name}\``;
}

/** MySQL indexes only a prefix of a text; 255 bytes are the whole of a `name`. */
function keyColumns(table: Table, names: readonly string[], dialect: Dialect): string {
  return names
    .map((name) => {
      const kind = table.columns[name]?.kind;
      const prefix = dialect === "mysql" && (kind === "name" || kind === "text") ? "(255)" : "";
      return `${quote(name, dialect)}${prefix}`;
    })
    .join(", ");
}

function columnSql(column: Column, dialect: Dialect): string {
  const type = dialect === "sqlite" ? sqliteType(column) : mysqlType(column);
  if (column.kind === "serial" || column.kind === "fastSerial") return type;
  const nullness = column.isNullable ? " NULL" : " NOT NULL";
  const initial =
    column.initial === undefined
      ? ""
      : ` DEFAULT ${typeof column.initial === "number" ? column.initial : `'${column.initial}'`}`;
  return `${type}${nullness}${initial}`;
}

/** SQLite has no ENUM: a check refuses other words. */
function wordCheck(name: string, column: Column, dialect: Dialect): string {
  return dialect === "sqlite" && column.kind === "word" ? ` CHECK (${quote(name, dialect)} IN (${wordList(column)}))` : "";
}

function wordList(column: Column): string {
  return (column.words ?? []).map((word) => `'${word}'`).join(", ");
}

function sqliteType(column: Column): string {
  switch (column.kind) {
    case "serial":
      return "INTEGER PRIMARY KEY AUTOINCREMENT";
    case "fastSerial":
      return "INTEGER PRIMARY KEY";
    case "count":
    case "integer":
    case "int32":
    case "flag":
      return "INTEGER";
    case "letter":
    case "name":
    case "text":
      return "TEXT";
    case "word":
      return "TEXT";
    case "bytes":
      return "BLOB";
    case "datetime":
      return "DATETIME";
    default:
      return impossible(column.kind, "sqliteType");
  }
}

function mysqlType(column: Column): string {
  switch (column.kind) {
    case "serial":
    case "fastSerial":
      return "BIGINT UNSIGNED NOT NULL AUTO_INCREMENT";
    case "count":
      return "BIGINT UNSIGNED";
    case "integer":
      return "BIGINT";
    case "int32":
      return "INTEGER";
    case "flag":
      return "TINYINT";
    case "letter":
      return "BINARY(1)";
    case "name":
      return "TINYBLOB";
    case "text":
      return "MEDIUMBLOB";
    case "bytes":
      return "LONGBLOB";
    case "datetime":
      return "DATETIME";
    case "word":
      return `ENUM(${wordList(column)})`;
    default:
      return impossible(column.kind, "mysqlType");
  }
}
