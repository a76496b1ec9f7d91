import { createInterface } from "node:readline";
import type { Interface } from "node:readline";

/** Lines that are taken before somebody waits for them; a program that types for ever is then left waiting. */
const TYPED_AHEAD_MAX = 1000;

/** Lines that an operator types; standard input is looked at only once one is waited for. */
export class LineInput implements Disposable {
  #lines: Interface | undefined;
  readonly #typed: string[] = [];
  #isOver = false;
  #wake: (() => void) | undefined;

  /** The next line; undefined when nobody is there to type one. Rejects when aborted. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted();
    this.#lines ??= this.#open();
    const abort = (): void => this.#wake?.();
    signal.addEventListener("abort", abort, { once: true });
    try {
      while (this.#typed.length === 0 && !this.#isOver) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        signal.throwIfAborted();
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
    if (!this.#isOver && this.#typed.length < TYPED_AHEAD_MAX) this.#lines.resume();
    return this.#typed.shift();
  }

  [Symbol.dispose](): void {
    if (this.#lines === undefined) return;
    this.#lines.close();
    process.stdin.destroy();
  }

  #open(): Interface {
    return createInterface({ input: process.stdin, terminal: false })
      .on("line", (line) => {
        if (this.#typed.push(line) >= TYPED_AHEAD_MAX) this.#lines?.pause();
        this.#wake?.();
      })
      .on("close", () => {
        this.#isOver = true;
        this.#wake?.();
      });
  }
}
