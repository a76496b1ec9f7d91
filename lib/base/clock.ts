import { setTimeout as sleepFor } from "node:timers/promises";

/** Time as the program sees it. Injected, so that a test can live through a year in a second. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May jump when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds that only grow, for measuring spans. */
  monotonicMs(): number;
  /** Waits; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest span of one timer of Node; a longer sleep is several timers. */
const TIMER_MS_MAX = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    let left = ms;
    do {
      const part = Math.min(Math.max(left, 0), TIMER_MS_MAX);
      await sleepFor(part, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        signal?.throwIfAborted(); // the signal's own reason, not the timer's AbortError
        throw error;
      });
      left -= part;
    } while (left > 0);
  },
};
