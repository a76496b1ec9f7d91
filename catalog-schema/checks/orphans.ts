import { sql } from "kysely";
import { must } from "#lib/base/assert.ts";
import type { CatalogSession } from "../queries/delete.ts";
import { allTables } from "../schema/tables.ts";
import { distinctValues, inPages, PAGE_ROWS, pages, type CatalogCheck, type Finding } from "./check.ts";

/** A column that names a row of another table. */
export interface Reference {
  readonly table: string;
  readonly column: string;
  readonly parent: string;
  /** Column of the parent; the same name if not given. */
  readonly parentColumn?: string;
  /** 0 means that there is none, and is no fault. */
  readonly zeroIsNone?: boolean;
}

/** Rows that one statement deletes at most: other writers get their turn between. */
const ROWS_PER_STEP = 20_000;

/** Columns with few values on very many rows: their values are gone through one by one. */
const fewValues: ReadonlySet<string> = new Set(["JobId", "MediaId", "ClientId"]);

/** A check for rows that refer to rows which are gone; mending deletes them. */
export function orphanCheck(
  what: string,
  announce: string,
  references: readonly Reference[],
  more: { readonly changesPaths?: boolean } = {},
): CatalogCheck {
  return {
    what,
    verb: "Eliminate",
    announce,
    ...more,
    async *find(catalog) {
      for (const [part, reference] of references.entries()) yield* findOrphans(catalog, reference, part);
    },
    repair: async (catalog, page) => {
      for (const { key, part } of page) await deleteWhere(catalog, must(references[part], "the part of a finding"), key);
    },
  };
}

function findOrphans(catalog: CatalogSession, reference: Reference, part: number): AsyncGenerator<readonly Finding[]> {
  return isLedByIndex(reference) ? inPages(findByValue(catalog, reference, part)) : findByRow(catalog, reference, part);
}

/** Whether the column has few values and an index that begins with it. */
function isLedByIndex({ table: name, column }: Reference): boolean {
  if (!fewValues.has(column)) return false;
  const table = must(
    allTables.find((each) => each.name === name),
    `table ${name}`,
  );
  return table.primaryKey[0] === column || table.indices.some((index) => index.columns[0] === column);
}

async function* findByValue(catalog: CatalogSession, reference: Reference, part: number): AsyncGenerator<Finding> {
  const { table, column, parent, parentColumn = column } = reference;
  for await (const key of distinctValues(catalog, table, column, reference.zeroIsNone === true ? 0 : -1)) {
    const found = await sql`SELECT 1 FROM ${sql.table(parent)} WHERE ${sql.ref(parentColumn)} = ${key}`.execute(catalog.reader);
    if (found.rows.length > 0) continue;
    const { rows } = await sql<{ found: number }>`
      SELECT COUNT(*) AS found FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${key}`.execute(catalog.reader);
    yield finding(reference, part, key, rows[0]?.found ?? 0);
  }
}

async function* findByRow(catalog: CatalogSession, reference: Reference, part: number): AsyncGenerator<readonly Finding[]> {
  const { table, column, parent, parentColumn = column } = reference;
  const first = reference.zeroIsNone === true ? 0 : -1;
  const read = async (after: number) =>
    (
      await sql<{ key: number; found: number }>`
        SELECT t.${sql.ref(column)} AS ${sql.ref("key")}, COUNT(*) AS found FROM ${sql.table(table)} t
        WHERE t.${sql.ref(column)} > ${Math.max(after, first)}
          AND NOT EXISTS (SELECT 1 FROM ${sql.table(parent)} p WHERE p.${sql.ref(parentColumn)} = t.${sql.ref(column)})
        GROUP BY t.${sql.ref(column)} ORDER BY t.${sql.ref(column)} LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
    ).rows;
  for await (const page of pages(read)) yield page.map(({ key, found }) => finding(reference, part, key, found));
}

function finding({ table, column }: Reference, part: number, key: number, rows: number): Finding {
  return { key, part, rows, text: `Orphaned ${table} ${column}=${key}${rows === 1 ? "" : `: ${rows} records`}` };
}

/** Deletes all rows of a table in which the column has this value, a bounded number at a time. */
export async function deleteWhere(
  catalog: CatalogSession,
  { table, column }: Pick<Reference, "table" | "column">,
  value: number,
): Promise<void> {
  const [key, ...others] = must(
    allTables.find((each) => each.name === table),
    `table ${table}`,
  ).primaryKey;
  const where = sql`${sql.ref(column)} = ${value}`;
  const isStepped = key !== undefined && others.length === 0;
  const statement = !isStepped
    ? sql`DELETE FROM ${sql.table(table)} WHERE ${where}`
    : catalog.dialect === "mysql"
      ? sql`DELETE FROM ${sql.table(table)} WHERE ${where} LIMIT ${sql.lit(ROWS_PER_STEP)}`
      : sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN
          (SELECT ${sql.ref(key)} FROM ${sql.table(table)} WHERE ${where} LIMIT ${sql.lit(ROWS_PER_STEP)})`;
  for (;;) {
    const { numAffectedRows } = await statement.execute(catalog.writer);
    if (!isStepped || (numAffectedRows ?? 0n) < BigInt(ROWS_PER_STEP)) return;
  }
}
