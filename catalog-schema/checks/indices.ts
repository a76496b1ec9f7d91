import { sql } from "kysely";
import { must } from "#lib/base/assert.ts";
import { createIndexSql } from "../migrations/ddl.ts";
import { allTables } from "../schema/tables.ts";
import type { Index, Table } from "../schema/table.ts";
import type { CatalogCheck, CheckedCatalog, Finding } from "./check.ts";

/** Indices without which the catalog is slow, or (unique ones) may come to hold the same twice. */
export const missingIndices: CatalogCheck = {
  what: "missing index",
  verb: "Repair",
  announce: "Checking for missing indices.",
  async *find(catalog) {
    const there = await indexNames(catalog);
    const missing: Finding[] = [];
    for (const [key, { table, index }] of wanted(catalog).entries()) {
      if (!there.has(`${table.name}.${index.name}`.toLowerCase()))
        missing.push({ key, part: 0, rows: 1, text: `${index.name} on ${table.name} (${index.columns.join(", ")})` });
    }
    if (missing.length > 0) yield missing;
  },
  repair: async (catalog, page) => {
    const all = wanted(catalog);
    for (const { key } of page) {
      const { table, index } = must(all[key], "the index of a finding");
      await sql.raw(createIndexSql(table, index, catalog.dialect)).execute(catalog.writer);
    }
  },
};

function wanted(catalog: CheckedCatalog): readonly { readonly table: Table; readonly index: Index }[] {
  return allTables.flatMap((table) =>
    table.indices
      .filter((index) => index.only === undefined || index.only === catalog.dialect)
      .map((index) => ({ table, index })),
  );
}

async function indexNames(catalog: CheckedCatalog): Promise<ReadonlySet<string>> {
  const { rows } =
    catalog.dialect === "sqlite"
      ? await sql<{ line: string }>`SELECT tbl_name || '.' || name AS line FROM sqlite_master WHERE type = 'index'`.execute(
          catalog.reader,
        )
      : await sql<{ line: string }>`SELECT DISTINCT CONCAT(TABLE_NAME, '.', INDEX_NAME) AS line
          FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()`.execute(catalog.reader);
  return new Set(rows.map(({ line }) => line.toLowerCase()));
}
