import { displayWidth, pad, withCommas } from "./text.ts";
import type { Column } from "#proto/console.ts";

/** Rows that are looked at for the widths of the columns before the first is shown. */
const LOOK_AHEAD_ROWS = 20_000;
const LOOK_AHEAD_CHARS = 8 * 1024 * 1024;

/** Shown in place of a table without rows. */
export const NO_ROWS = "No results to list.\n";

/**
 * Draws a table with borders, as its rows arrive. The widths follow from the first 20,000 rows (or 8 MiB); later rows that
 * are wider stand out. Memory is bounded by that.
 */
export class TableDrawer {
  readonly #columns: readonly Column[];
  #ahead: string[][] | null = [];
  #aheadChars = 0;
  #widths: number[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#widths = columns.map((column) => displayWidth(shownName(column)));
  }

  /** Text to show after these rows. */
  add(rows: readonly (readonly string[])[]): string {
    let text = "";
    for (const row of rows) {
      const cells = this.#columns.map((column, at) => cellText(column, row[at] ?? ""));
      if (this.#ahead === null) {
        text += this.#line(cells);
        continue;
      }
      this.#ahead.push(cells);
      cells.forEach((cell, at) => {
        this.#widths[at] = Math.max(this.#widths[at]!, ...cell.split("\n").map((line) => displayWidth(line)));
        this.#aheadChars += cell.length + 8;
      });
      if (this.#ahead.length >= LOOK_AHEAD_ROWS || this.#aheadChars >= LOOK_AHEAD_CHARS) text += this.#start();
    }
    return text;
  }

  /** Text that ends the table. */
  end(): string {
    if (this.#ahead?.length === 0) return NO_ROWS;
    return this.#start() + this.#border();
  }

  /** Head and rows held back; nothing if that has been shown. */
  #start(): string {
    const held = this.#ahead;
    if (held === null) return "";
    this.#ahead = null;
    const head = this.#columns.map((column) => shownName(column));
    const names = `|${head.map((name, at) => ` ${pad(name, this.#widths[at]!, "left")} |`).join("")}\n`;
    return this.#border() + names + this.#border() + held.map((cells) => this.#line(cells)).join("");
  }

  /** A row: as many lines as its tallest cell has. */
  #line(cells: readonly string[]): string {
    const parts = cells.map((cell) => cell.split("\n"));
    const height = Math.max(1, ...parts.map((lines) => lines.length));
    let text = "";
    for (let line = 0; line < height; line++) {
      const fields = parts.map(
        (lines, at) => ` ${pad(lines[line] ?? "", this.#widths[at]!, this.#columns[at]!.number ? "right" : "left")} |`,
      );
      text += `|${fields.join("")}\n`;
    }
    return text;
  }

  #border(): string {
    return `+${this.#widths.map((width) => `${"-".repeat(width + 2)}+`).join("")}\n`;
  }
}

/** Column names are shown in lower case. */
export function shownName(column: Column): string {
  return column.name.toLowerCase();
}

/** A value as it is drawn: numbers with commas; nothing behind the text that would widen the column. */
function cellText(column: Column, value: string): string {
  return column.number ? withCommas(value) : value.trimEnd().replaceAll("\t", " ");
}
