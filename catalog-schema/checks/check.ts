import { sql } from "kysely";
import type { CatalogReader, RowSource } from "../database/backend.ts";
import type { CatalogSession } from "../queries/delete.ts";

/** One fault: how many rows have it, and what to tell of it. */
export interface Finding {
  /** Number of the row, or the number that the rows share; only the check itself reads it. */
  readonly key: number;
  /** Which of the check's parts found it. */
  readonly part: number;
  readonly rows: number;
  readonly text: string;
}

/** A catalog that is looked through. */
export interface CheckedCatalog extends CatalogSession, RowSource {}

/** One thing that may be wrong with a catalog, how it is found and how it is mended. */
export interface CatalogCheck {
  /** "orphaned File": stands in "Found 3 orphaned File records." and in the menu. */
  readonly what: string;
  /** What mending does, for the menu. */
  readonly verb: "Repair" | "Eliminate";
  /** Said when the check begins. */
  readonly announce: string;
  /** Whether mending deletes or moves rows of Path, which a Director that runs may remember. */
  readonly changesPaths?: boolean;
  /** Faults in pages, in an order that mending the pages before does not disturb. Memory does not grow with the catalog. */
  find(catalog: CheckedCatalog): AsyncGenerator<readonly Finding[]>;
  /** Mends a page of faults. Doing it twice does no harm. */
  repair(catalog: CheckedCatalog, page: readonly Finding[]): Promise<void>;
}

/** Faults of one page. */
export const PAGE_ROWS = 500;

/** Values of a column that an index begins with, each once: a look-up a value, however many rows have it. */
export async function* distinctValues(r: CatalogReader, table: string, column: string, above = -1): AsyncGenerator<number> {
  for (let after = above; ;) {
    const { rows } = await sql<{ next: number | null }>`
      SELECT MIN(${sql.ref(column)}) AS next FROM ${sql.table(table)} WHERE ${sql.ref(column)} > ${after}`.execute(r.reader);
    const next = rows[0]?.next ?? null;
    if (next === null) return;
    yield next;
    after = next;
  }
}

/** Reads pages of rows whose `key` only grows; `read` is given the last key so far and answers at most a page. */
export async function* pages<Row extends { readonly key: number }>(
  read: (after: number) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for (let after = -1; ;) {
    const rows = await read(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.key;
  }
}

/** Collects findings into pages. */
export async function* inPages(findings: AsyncIterable<Finding>): AsyncGenerator<readonly Finding[]> {
  let page: Finding[] = [];
  for await (const finding of findings) {
    page.push(finding);
    if (page.length < PAGE_ROWS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
