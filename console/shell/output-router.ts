import { open, type FileHandle } from "node:fs/promises";
import { setImmediate as othersTurn } from "node:timers/promises";
import { neutralize } from "../render/text.ts";

/** Where text of the session goes: the standard output, a file, or both. */
type Target =
  | { readonly kind: "standard" }
  | { readonly kind: "file" | "tee"; readonly file: FileHandle; readonly inputToo: boolean };

/** Characters from which on a text is worth a pause. */
const LONG_TEXT = 2048;

/** What the router writes on: `process.stdout`, or a collector in tests. */
export interface TextSink {
  write(text: string): boolean;
  once(event: "drain" | "close" | "error", listener: () => void): unknown;
  off(event: "drain" | "close" | "error", listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly writableEnded?: boolean;
  readonly destroyed?: boolean;
}

/**
 * Routes what the console shows: `@output`, `@tee` and `@tall` change the target. Waits for slow readers. On a terminal
 * control characters are made visible; a file or pipe gets the text as it came.
 */
export class OutputRouter implements AsyncDisposable {
  readonly #standard: TextSink;
  #target: Target = { kind: "standard" };

  constructor(standard: TextSink) {
    this.#standard = standard;
  }

  /** Shows text of the session. */
  async write(text: string): Promise<void> {
    if (text === "") return;
    if (this.#target.kind !== "standard") await this.#target.file.write(text);
    if (this.#target.kind !== "file") await this.#writeStandard(text);
  }

  /** Notes a line that a person typed where it is not echoed by us (`@tall`). */
  async noteInput(line: string): Promise<void> {
    if (this.#target.kind !== "standard" && this.#target.inputToo) await this.#target.file.write(`${line}\n`);
  }

  /** Sends what follows to a file (`mode` as for fopen, default append), and to the standard output too if `tee`. */
  async redirect(
    path: string,
    options: { readonly tee: boolean; readonly inputToo: boolean; readonly mode?: string | undefined },
  ): Promise<void> {
    const file = await open(path, fileFlags(options.mode), 0o600);
    await this.reset();
    this.#target = { kind: options.tee ? "tee" : "file", file, inputToo: options.inputToo };
  }

  /** Goes back to the standard output alone. */
  async reset(): Promise<void> {
    const before = this.#target;
    this.#target = { kind: "standard" };
    if (before.kind !== "standard") await before.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reset();
  }

  async #writeStandard(text: string): Promise<void> {
    const sink = this.#standard;
    if (sink.destroyed === true || sink.writableEnded === true) return;
    const isTerminal = sink.isTTY === true;
    if (sink.write(isTerminal ? neutralize(text) : text)) {
      // Writing to a terminal is done when it returns: without a pause Ctrl-C would not be heard before the end of a long listing.
      if (isTerminal && text.length >= LONG_TEXT) await othersTurn();
      return;
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of ["drain", "close", "error"] as const) sink.off(event, done);
        resolve();
      };
      for (const event of ["drain", "close", "error"] as const) sink.once(event, done);
    });
  }
}

function fileFlags(mode: string | undefined): string {
  if (mode === undefined) return "a";
  return mode.startsWith("w") ? "w" : "a";
}
