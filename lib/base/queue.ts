import { invariant } from "./assert.ts";
import { abortable } from "./abort.ts";

/** What a queue is made of. */
export interface QueueOptions<T> {
  /** Bytes at which `push` starts to wait. A single larger item is let through when the queue is empty. */
  readonly bytesMax: number;
  /** Bytes that an item counts. */
  readonly bytesOf: (item: T) => number;
}

/**
 * First in, first out between a producer and a consumer, bounded in bytes: `push` waits while it is full, the async iterator waits
 * while it is empty. `end` lets the consumer finish; `fail` makes both sides reject.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #options: QueueOptions<T>;
  #items: T[] = [];
  #head = 0;
  #bytes = 0;
  #state: { readonly kind: "open" } | { readonly kind: "ended" } | { readonly kind: "failed"; readonly error: unknown } = {
    kind: "open",
  };
  #wakeProducers: (() => void)[] = [];
  #wakeConsumers: (() => void)[] = [];

  constructor(options: QueueOptions<T>) {
    invariant(options.bytesMax > 0, `a queue of ${options.bytesMax} bytes`);
    this.#options = options;
  }

  /** Bytes that wait in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Items that wait in the queue. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item when there is room. Rejects with the signal's reason, or with the error given to `fail`. */
  async push(item: T, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const bytes = this.#options.bytesOf(item);
    while (this.#state.kind === "open" && this.length > 0 && this.#bytes + bytes > this.#options.bytesMax) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeProducers.push(resolve);
      await abortable(promise, signal);
    }
    if (this.#state.kind === "failed") throw this.#state.error;
    invariant(this.#state.kind === "open", "push on a queue that has ended");
    this.#items.push(item);
    this.#bytes += bytes;
    this.#wakeConsumers = wakeAll(this.#wakeConsumers);
  }

  /** No more items will come; those that wait are still delivered. */
  end(): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "ended" };
    this.#wakeConsumers = wakeAll(this.#wakeConsumers);
    this.#wakeProducers = wakeAll(this.#wakeProducers);
  }

  /** Ends both sides with an error; what waits is dropped. */
  fail(error: unknown): void {
    if (this.#state.kind === "failed") return;
    this.#state = { kind: "failed", error };
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#wakeConsumers = wakeAll(this.#wakeConsumers);
    this.#wakeProducers = wakeAll(this.#wakeProducers);
  }

  /** The next item; `undefined` at the end. Rejects with the signal's reason, or with the error given to `fail`. */
  async shift(signal?: AbortSignal): Promise<T | undefined> {
    signal?.throwIfAborted();
    while (this.#state.kind === "open" && this.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeConsumers.push(resolve);
      await abortable(promise, signal);
    }
    if (this.#state.kind === "failed") throw this.#state.error;
    if (this.length === 0) return undefined;
    return this.#take();
  }

  /** Delivers until the end. Leaving the loop early fails the queue, so that the producer does not wait for ever. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let done = false;
    try {
      for (;;) {
        const item = await this.shift();
        if (item === undefined) break;
        yield item;
      }
      done = true;
    } finally {
      if (!done) this.fail(new Error("the consumer of the queue has left"));
    }
  }

  #take(): T {
    const item = this.#items[this.#head] as T;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#bytes -= this.#options.bytesOf(item);
    this.#wakeProducers = wakeAll(this.#wakeProducers);
    return item;
  }
}

/** Wakes all that wait on one side; each looks for itself whether it may go on. Answers the new, empty list. */
function wakeAll(waiting: readonly (() => void)[]): (() => void)[] {
  for (const wake of waiting) wake();
  return [];
}
