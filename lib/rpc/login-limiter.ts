import type { Clock } from "#lib/base/clock.ts";

/** Failures of one source within a window. */
interface Failures {
  count: number;
  readonly sinceMs: number;
}

/** Failed logins of one source after which it must wait, and the span in which they count. */
export const FAILED_LOGINS_MAX = 10;
export const FAILED_LOGINS_WINDOW_MS = 60_000;
const SOURCES_MAX = 4096;

/** Counts failed logins by source, in bounded memory: the source that failed longest ago is forgotten first. */
export class LoginLimiter {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that this source must wait before it may try again; 0: it may. */
  waitMs(source: string): number {
    const failures = this.#current(source);
    if (failures === undefined || failures.count < FAILED_LOGINS_MAX) return 0;
    return failures.sinceMs + FAILED_LOGINS_WINDOW_MS - this.#clock.monotonicMs();
  }

  /** Counts a failure; answers how many there are now. */
  failed(source: string): number {
    const failures = this.#current(source) ?? { count: 0, sinceMs: this.#clock.monotonicMs() };
    failures.count += 1;
    this.#failures.delete(source); // put it last: Map keeps the order of insertion
    this.#failures.set(source, failures);
    if (this.#failures.size > SOURCES_MAX) this.#failures.delete(this.#failures.keys().next().value as string);
    return failures.count;
  }

  /** A login went well: earlier failures are forgotten. */
  succeeded(source: string): void {
    this.#failures.delete(source);
  }

  #current(source: string): Failures | undefined {
    const failures = this.#failures.get(source);
    if (failures === undefined || this.#clock.monotonicMs() - failures.sinceMs <= FAILED_LOGINS_WINDOW_MS) return failures;
    this.#failures.delete(source);
    return undefined;
  }
}
