import type { Clock } from "./clock.ts";

/** Growing waits between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Each wait is this many times the one before. */
  readonly factor: number;
  /** Part of the wait (0 to 1) that is left to chance, so that many do not come back at the same instant. */
  readonly jitter: number;
}

/** Half a second, doubling up to half a minute. */
export const ordinaryBackoff: Backoff = { firstMs: 500, maxMs: 30_000, factor: 2, jitter: 0.2 };

/** Milliseconds to wait before attempt `attempt` (the second attempt is 1). `random` is from 0 to 1. */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** Math.min(attempt - 1, 64));
  return Math.round(full * (1 - backoff.jitter * random));
}

/** What `retry` needs. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly backoff?: Backoff;
  readonly signal: AbortSignal;
  /** Attempts in all; default without limit. */
  readonly attemptsMax?: number;
  /** Whether another attempt makes sense after this failure. */
  readonly isRetryable: (error: unknown) => boolean;
  /** Told of each failure that will be followed by another attempt. */
  readonly onRetry?: (error: unknown, waitMs: number, attempt: number) => void;
}

/** Repeats `attempt` until it succeeds, fails for good, or the signal aborts (then rejects with its reason). */
export async function retry<T>(attempt: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, backoff = ordinaryBackoff, attemptsMax = Number.POSITIVE_INFINITY } = options;
  for (let count = 1; ; count++) {
    signal.throwIfAborted();
    try {
      return await attempt(signal);
    } catch (error) {
      if (signal.aborted || count >= attemptsMax || !options.isRetryable(error)) throw error;
      const waitMs = backoffMs(backoff, count, Math.random());
      options.onRetry?.(error, waitMs, count);
      await clock.sleep(waitMs, signal);
    }
  }
}
