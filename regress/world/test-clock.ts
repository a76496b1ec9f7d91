import { existsSync, renameSync, writeFileSync } from "node:fs";

/** Debian's package `faketime`: preloaded, it gives a program any time of day. Works for our daemons as for Debian's. */
const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Why a scenario with a clock of its own cannot run here; undefined: it can. */
export function whyNoTestClock(): string | undefined {
  return existsSync(LIBRARY) ? undefined : "needs Debian's package faketime";
}

/**
 * The clock of one site: all programs that are started with its `env` see the same time of day, which runs on by itself and can be
 * put forward while they run. Spans (timeouts, timers) stay those of the machine.
 */
export class TestClock {
  readonly #file: string;
  #offsetS = 0;

  /** `file` holds the offset, which the programs read at each look at the clock. `startsAt`: "2026-03-01 00:00:00", local time. */
  constructor(file: string, startsAt: string) {
    this.#file = file;
    this.set(startsAt);
  }

  /** Variables for programs that shall see this clock. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
  }

  /** Unix milliseconds that the programs see now. */
  get nowMs(): number {
    return Date.now() + this.#offsetS * 1000;
  }

  /** Puts the clock to a moment, local time; backwards too. */
  set(moment: string): void {
    this.#write(Math.round((new Date(moment.replace(" ", "T")).getTime() - Date.now()) / 1000));
  }

  /** Puts the clock forward. */
  advance(span: { readonly days?: number; readonly hours?: number; readonly seconds?: number }): void {
    this.#write(this.#offsetS + (span.days ?? 0) * 86_400 + (span.hours ?? 0) * 3600 + (span.seconds ?? 0));
  }

  /** By rename: a program never reads half a number. */
  #write(offsetS: number): void {
    this.#offsetS = offsetS;
    writeFileSync(`${this.#file}.new`, `${offsetS < 0 ? "" : "+"}${offsetS}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
