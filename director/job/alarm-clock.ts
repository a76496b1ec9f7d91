import type { Clock } from "#lib/base/clock.ts";

/** Time between two looks at the clock: one that was put forward, or a machine that slept, is noticed this soon. */
const LOOK_MS = 1000;

/** Calls back at one moment at a time; setting it again forgets the moment before. */
export class AlarmClock {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #pending: AbortController | null = null;
  #atMs: number | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this moment (unix milliseconds), or not at all. */
  set(atMs: number | null): void {
    if (atMs === this.#atMs) return;
    this.stop();
    if (atMs === null) return;
    this.#atMs = atMs;
    this.#pending = new AbortController();
    void this.#wait(atMs, this.#pending.signal);
  }

  /** Forgets the moment that was set. */
  stop(): void {
    this.#pending?.abort();
    this.#pending = null;
    this.#atMs = null;
  }

  async #wait(atMs: number, signal: AbortSignal): Promise<void> {
    try {
      do await this.#clock.sleep(Math.min(Math.max(0, atMs - this.#clock.nowMs()), LOOK_MS), signal);
      while (this.#clock.nowMs() < atMs);
    } catch {
      return; // set anew, or stopped
    }
    this.#atMs = null;
    this.#pending = null;
    this.#ring();
  }
}
