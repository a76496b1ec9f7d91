import { createInterface } from "node:readline";
import type { Interface } from "node:readline";

/** Hears the operator press return. Standard input is looked at only once somebody waits for it. */
export class ReturnKey implements Disposable {
  #lines: Interface | undefined;
  /** Lines that nobody has waited for yet. */
  #waiting = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  /** Waits for a line; false when nobody is there to type one. Rejects when aborted. */
  async pressed(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    this.#lines ??= this.#open();
    const abort = (): void => this.#wake?.();
    signal.addEventListener("abort", abort, { once: true });
    try {
      while (this.#waiting === 0 && !this.#isOver) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        signal.throwIfAborted();
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
    if (this.#waiting === 0) return false;
    this.#waiting -= 1;
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#lines === undefined) return;
    this.#lines.close();
    process.stdin.destroy();
  }

  #open(): Interface {
    return createInterface({ input: process.stdin, terminal: false })
      .on("line", () => {
        this.#waiting += 1;
        this.#wake?.();
      })
      .on("close", () => {
        this.#isOver = true;
        this.#wake?.();
      });
  }
}
