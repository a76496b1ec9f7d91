import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** What is appended to a message file from now on: whole lines, each given once. Reading all of it again for each of a thousand jobs would cost more than the jobs. */
export class MessageTail {
  readonly #path: string;
  #offset = 0;
  #begun = "";

  constructor(path: string) {
    this.#path = path;
    this.lines(); // what stands there already is not asked for
  }

  /** Lines that came since the last call. */
  lines(): string[] {
    if (!existsSync(this.#path)) return [];
    const file = openSync(this.#path, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#offset);
      const read = readSync(file, bytes, 0, bytes.length, this.#offset);
      this.#offset += read;
      const lines = (this.#begun + bytes.toString("latin1", 0, read)).split("\n");
      this.#begun = lines.pop() ?? "";
      return lines;
    } finally {
      closeSync(file);
    }
  }
}
