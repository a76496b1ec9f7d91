import type { Readable, Writable } from "node:stream";
import { abortable } from "#lib/base/abort.ts";
import { WRITES_UNDER_WAY_MAX } from "./limits.ts";

/**
 * The messages of a stream of grpc-js, pulled one by one. Ends with the stream; rejects with the signal's reason when it aborts.
 * Leaving the loop does not destroy the stream, whose other half may still be in use.
 */
export async function* pull<T>(stream: Readable, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  let wake = () => {};
  const onEvent = () => wake();
  let ended = stream.readableEnded;
  stream.on("readable", onEvent).once("close", onEvent);
  stream.once("end", () => {
    ended = true;
    onEvent();
  });
  try {
    for (;;) {
      const message = stream.read() as T | null;
      if (message !== null) {
        yield message;
        continue;
      }
      if (ended) return;
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      if (stream.destroyed) await abortable(new Promise(setImmediate), signal); // its abort is about to come
      else await abortable(promise, signal);
    }
  } finally {
    stream.off("readable", onEvent).off("close", onEvent);
  }
}

/** Writes messages to a stream of grpc-js with a bound on those that the transport has not yet taken. */
export class StreamWriter<T> {
  readonly #stream: Writable;
  readonly #signal: AbortSignal;
  #underWay = 0;
  #wake: (() => void)[] = [];

  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  /** Hands a message over; resolves when the next one may come. Rejects with the signal's reason once the call is over. */
  async write(message: T): Promise<void> {
    this.#signal.throwIfAborted();
    this.#underWay += 1;
    this.#stream.write(message, () => {
      this.#underWay -= 1;
      const waiting = this.#wake;
      this.#wake = [];
      for (const wake of waiting) wake();
    });
    while (this.#underWay >= WRITES_UNDER_WAY_MAX) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.push(resolve);
      await abortable(promise, this.#signal);
    }
  }
}
