import { invariant } from "./assert.ts";
import { abortable } from "./abort.ts";

/**
 * Lets at most `permits` holders in at a time, first come first served.
 * `using held = await semaphore.acquire(signal)` gives the permit back at the end of the block.
 */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    invariant(Number.isInteger(permits) && permits > 0, `a semaphore of ${permits} permits`);
    this.#free = permits;
  }

  /** Waits for a permit; rejects with the signal's reason, holding nothing. */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#permit();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    try {
      await abortable(promise, signal);
    } catch (error) {
      const at = this.#waiting.indexOf(resolve);
      if (at === -1) this.#release(); // the permit came in the same turn as the abort: pass it on
      else this.#waiting.splice(at, 1);
      throw error;
    }
    return this.#permit();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #permit(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#release();
      },
    };
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** A Semaphore of one. */
export class Mutex extends Semaphore {
  constructor() {
    super(1);
  }
}
