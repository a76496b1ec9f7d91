import { pad, displayWidth, withCommas } from "./text.ts";
import { NO_ROWS, shownName } from "./table.ts";
import type { Column } from "#proto/console.ts";

/** Shows rows one column a line, a blank line after each row (`llist`). */
export class RowDrawer {
  readonly #columns: readonly Column[];
  readonly #width: number;
  #rows = 0;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#width = Math.max(0, ...columns.map((column) => displayWidth(shownName(column))));
  }

  /** Text to show after these rows. */
  add(rows: readonly (readonly string[])[]): string {
    this.#rows += rows.length;
    return rows.map((row) => `${this.#columns.map((column, at) => this.#line(column, row[at] ?? "")).join("")}\n`).join("");
  }

  /** Text that ends the listing. */
  end(): string {
    return this.#rows === 0 ? NO_ROWS : "";
  }

  #line(column: Column, value: string): string {
    return ` ${pad(shownName(column), this.#width, "right")}: ${column.number ? withCommas(value) : value.trimEnd()}\n`;
  }
}
