import type { CatalogReader } from "#catalog/catalog.ts";
import { newestJobEnd } from "#catalog/queries/retention.ts";
import type { Clock } from "#lib/base/clock.ts";
import { catalogTime } from "#lib/base/local-time.ts";

const DAY_MS = 86_400_000;
/** A clock that is further ahead than this was more likely set wrong than nobody made a backup for so long. A wrong year is 365 days. */
const JUMP_MS = 300 * DAY_MS;
/** After so long a wrong clock would have been noticed. */
const BELIEVED_AFTER_MS = 7 * DAY_MS;

/**
 * Notices that the machine's clock has leapt ahead, so that the retention of everything seems to be over: then nothing is pruned by itself for a week, or
 * until the clock is right again or the Director is restarted. Time is expected where it was last seen, or where the newest job of the catalog ended,
 * plus what has passed since.
 */
export class ClockGuard {
  readonly #clock: Clock;
  #expectedMs: number;
  #atMs: number;
  #doubtedAtMs: number | undefined;

  /** Until `begin` the clock is believed. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectedMs = clock.nowMs();
    this.#atMs = clock.monotonicMs();
  }

  /** Compares the clock with the newest job of a catalog: call it before any job of this Director ends. */
  async begin(r: CatalogReader): Promise<void> {
    const newest = await newestJobEnd(r);
    if (newest > 0) this.#expectedMs = newest * 1000;
    this.#atMs = this.#clock.monotonicMs();
  }

  /** Why nothing is to be pruned by itself now; undefined: the clock is believed. */
  doubt(): string | undefined {
    const [nowMs, atMs] = [this.#clock.nowMs(), this.#clock.monotonicMs()];
    const expectedMs = this.#expectedMs + atMs - this.#atMs;
    this.#doubtedAtMs ??= atMs;
    if (nowMs - expectedMs <= JUMP_MS || atMs - this.#doubtedAtMs > BELIEVED_AFTER_MS) {
      this.#doubtedAtMs = undefined;
      // A clock that was set back and then right again has not leapt ahead.
      this.#expectedMs = nowMs - expectedMs <= JUMP_MS ? Math.max(expectedMs, nowMs) : nowMs;
      this.#atMs = atMs;
      return undefined;
    }
    const days = Math.floor((nowMs - expectedMs) / DAY_MS);
    return `The clock is ${days} days ahead of ${catalogTime(expectedMs)}, when it was expected: nothing is pruned by itself for 7 days. If the time is right, restart the Director.`;
  }
}
