import type { RowStream } from "#catalog/catalog.ts";
import { decodeName } from "#lib/base/byte-name.ts";
import type { CommandContext } from "./command.ts";
import { displayName } from "./format.ts";
import type { OutputColumn, OutputRow } from "./output.ts";

/** How rows of the catalog are shown. */
export interface TableOptions {
  /** What the rows are, for machines. */
  readonly name: string;
  readonly vertical: boolean;
  /** Only rows for which this is true: what the operator may see. */
  readonly keep?: (row: Readonly<Record<string, string>>) => boolean;
  /** Of the rows that are kept so many are left out, and so many shown then; absent: all. */
  readonly offset?: number;
  readonly limit?: number;
}

type Cell = string | number | bigint | null | Uint8Array;

/** Shows rows of the catalog as they come from the database. A column is of numbers if the first page has numbers in it and nothing else. */
export async function showRows(context: CommandContext, stream: RowStream, options: TableOptions): Promise<void> {
  const pages = stream.rows[Symbol.asyncIterator]();
  try {
    const first = await pages.next();
    const firstRows: readonly (readonly Cell[])[] = first.done === true ? [] : first.value;
    const columns = stream.columns.map((name, at): OutputColumn => ({ name, number: isNumeric(firstRows, at) }));
    await context.table(
      { name: options.name, columns, vertical: options.vertical },
      window(shownPages(stream.columns, firstRows, pages, options.keep), options),
    );
  } finally {
    await pages.return?.();
  }
}

/** The part of the rows that is asked for; the rest is not read. */
async function* window(
  pages: AsyncGenerator<OutputRow[]>,
  { offset = 0, limit = Infinity }: TableOptions,
): AsyncGenerator<OutputRow[]> {
  let [toSkip, left] = [offset, limit];
  for await (const page of pages) {
    const rows = page.slice(toSkip, toSkip + left);
    toSkip = Math.max(0, toSkip - page.length);
    left -= rows.length;
    yield rows;
    if (left <= 0) return;
  }
}

async function* shownPages(
  names: readonly string[],
  first: readonly (readonly Cell[])[],
  rest: AsyncIterator<readonly (readonly Cell[])[]>,
  keep: TableOptions["keep"],
): AsyncGenerator<OutputRow[]> {
  let page: readonly (readonly Cell[])[] | undefined = first;
  while (page !== undefined) {
    const rows = page.map((row) => row.map(cellText));
    yield keep === undefined ? rows : rows.filter((row) => keep(Object.fromEntries(names.map((name, at) => [name, row[at]!]))));
    const next: IteratorResult<readonly (readonly Cell[])[]> = await rest.next();
    page = next.done === true ? undefined : next.value;
  }
}

function isNumeric(rows: readonly (readonly Cell[])[], at: number): boolean {
  const cells = rows.map((row) => row[at]).filter((cell) => cell !== null && cell !== undefined);
  return cells.length > 0 && cells.every((cell) => typeof cell === "number" || typeof cell === "bigint");
}

/** A value as text; NULL is the empty text. */
export function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "string") return displayName(cell);
  return cell instanceof Uint8Array ? displayName(decodeName(cell)) : String(cell);
}
