import { parseCatalogTime } from "#lib/base/local-time.ts";
import type { CommandContext } from "./command.ts";

/** A value of a table for programs; what is not known becomes the empty text. */
export type Cell = string | number | boolean | null | undefined;
/** Columns by name. */
export type Columns = Readonly<Record<string, "text" | "number">>;

/** Shows one table, all columns in the order in which they are declared. */
export async function showTable<C extends Columns>(
  context: CommandContext,
  name: string,
  columns: C,
  rows: readonly { readonly [K in keyof C]: Cell }[],
): Promise<void> {
  const names = Object.keys(columns);
  const shape = {
    name,
    columns: names.map((column) => ({ name: column, number: columns[column] === "number" })),
    vertical: false,
  };
  await context.table(shape, [rows.map((row) => names.map((column) => cellOf(row[column])))]);
}

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "boolean" ? String(Number(cell)) : String(cell);
}

/** Unix seconds of a time of the catalog. */
export function seconds(time: string | null | undefined): number | null {
  const ms = time === null || time === undefined ? null : parseCatalogTime(time);
  return ms === null ? null : Math.floor(ms / 1000);
}

/** Unix seconds of unix milliseconds. */
export function secondsOf(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : Math.floor(ms / 1000);
}
