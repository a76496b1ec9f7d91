import type { Mutex } from "#lib/base/lock.ts";

/** The turn of one search for a Volume. While it is held no other search gives a Volume away. */
export class SearchTurn implements Disposable {
  readonly #turns: Mutex;
  readonly #signal: AbortSignal;
  #held: Disposable;

  private constructor(turns: Mutex, held: Disposable, signal: AbortSignal) {
    this.#turns = turns;
    this.#held = held;
    this.#signal = signal;
  }

  /** Waits for the turn; rejects with the signal's reason. */
  static async acquire(turns: Mutex, signal: AbortSignal): Promise<SearchTurn> {
    return new SearchTurn(turns, await turns.acquire(signal), signal);
  }

  /**
   * Does what may take long while others have their turn, then waits for the turn again. What was read of the catalog before may no longer be
   * true then.
   */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#held[Symbol.dispose]();
    const result = await work();
    this.#held = await this.#turns.acquire(this.#signal);
    return result;
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}
