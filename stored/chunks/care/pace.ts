import { setImmediate } from "node:timers/promises";
import { systemClock } from "#lib/base/clock.ts";
import type { Clock } from "#lib/base/clock.ts";

/** How long care keeps the store's thread before others have their turn, milliseconds. */
const TURN_MS = 3;
/** Bytes may be ahead of their rate by what is allowed in this time, so that not every small step waits. */
const BURST_MS = 250;

/** How care lets others have their turn. A test puts its own in place, to do something between any two steps. */
export interface Pace {
  /** Called between steps of well under a millisecond; waits when it is time to. Rejects when care is to end. */
  step(): Promise<void>;
  /** Called after bytes were removed or read; waits as long as their rate asks for. Rejects when care is to end. */
  spend(bytes: number): Promise<void>;
}

/** The pace of a daemon: turns of a few milliseconds, and at most `bytesPerS` bytes a second (0: no limit). */
export class TimedPace implements Pace {
  readonly #bytesPerS: number;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  #turnMs: number;
  /** When the bytes spent so far will be paid for. */
  #paidMs: number;

  constructor(bytesPerS: number, signal: AbortSignal, clock: Clock = systemClock) {
    this.#bytesPerS = bytesPerS;
    this.#signal = signal;
    this.#clock = clock;
    this.#turnMs = clock.monotonicMs();
    this.#paidMs = this.#turnMs;
  }

  async step(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#turnMs < TURN_MS) return;
    await setImmediate();
    this.#signal.throwIfAborted();
    this.#turnMs = this.#clock.monotonicMs();
  }

  async spend(bytes: number): Promise<void> {
    if (this.#bytesPerS === 0) return await this.step();
    const now = this.#clock.monotonicMs();
    this.#paidMs = Math.max(this.#paidMs, now - BURST_MS) + (bytes / this.#bytesPerS) * 1000;
    if (this.#paidMs > now) await this.#clock.sleep(this.#paidMs - now, this.#signal);
    await this.step();
  }
}
