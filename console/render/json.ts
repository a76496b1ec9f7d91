import type { Column, TableHead } from "#proto/console.ts";
import { shownName } from "./table.ts";

/** Writes a table as one line of JSON, `{"table":NAME,"rows":[{...},...]}`, as its rows arrive. */
export class JsonDrawer {
  readonly #head: TableHead;
  #started = false;

  constructor(head: TableHead) {
    this.#head = head;
  }

  /** Text to show after these rows. */
  add(rows: readonly (readonly string[])[]): string {
    let text = "";
    for (const row of rows) {
      text += this.#started ? "," : this.#open();
      this.#started = true;
      text += JSON.stringify(
        Object.fromEntries(this.#head.columns.map((column, at) => [shownName(column), jsonValue(column, row[at] ?? "")])),
      );
    }
    return text;
  }

  /** Text that ends the table. */
  end(): string {
    return `${this.#started ? "" : this.#open()}]}\n`;
  }

  #open(): string {
    return `{"table":${JSON.stringify(this.#head.name)},"rows":[`;
  }
}

/** Numbers that JavaScript can hold exactly become numbers; an empty number is null. */
function jsonValue(column: Column, value: string): string | number | null {
  if (!column.number) return value;
  if (value === "") return null;
  const number = Number(value);
  return Number.isSafeInteger(number) || (Number.isFinite(number) && value.includes(".")) ? number : value;
}
