import type { Clock } from "#lib/base/clock.ts";

/** Who waits for a work of care: hears how far it is, and may end it at its next step. */
export interface CareWatch {
  tell(line: string): void;
  readonly signal: AbortSignal;
}

/** How often one who waits hears how far it is. */
const TELL_MS = 10_000;

/** Tells how far a work is, the first time at once and then now and then. */
export class CareProgress {
  readonly #watch: CareWatch | undefined;
  readonly #clock: Clock;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(watch: CareWatch | undefined, clock: Clock) {
    this.#watch = watch;
    this.#clock = clock;
  }

  /** Something that is to be known at once. */
  say(line: string): void {
    this.#watch?.tell(line);
  }

  /** How far it is. */
  reach(line: string): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#toldMs < TELL_MS) return;
    this.#toldMs = now;
    this.say(line);
  }
}
