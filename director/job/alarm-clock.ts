import type { Clock } from "#lib/base/clock.ts";

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
    void this.#wait(Math.max(0, atMs - this.#clock.nowMs()), this.#pending.signal);
  }

  /** Forgets the moment that was set. */
  stop(): void {
    this.#pending?.abort();
    this.#pending = null;
    this.#atMs = null;
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal);
    } catch {
      return; // set anew, or stopped
    }
    this.#atMs = null;
    this.#pending = null;
    this.#ring();
  }
}
