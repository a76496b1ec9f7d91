import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DeviceTrouble } from "../watch/device-trouble.ts";

/** How often it is looked whether a rewind takes too long. */
const LOOK_MS = 200;

/**
 * Sees to it that nobody waits for a rewind longer than Maximum Rewind Wait. The device's thread cannot be called back from a drive; the main thread
 * looks at what it writes into `since`, gives up the call, and keeps others from the drive until it answers.
 */
export class RewindLimit {
  /** Shared with the device's thread (stored/tape/rewind.ts). */
  readonly since = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #maxMs: number;
  readonly #title: string;
  readonly #trouble: DeviceTrouble;

  constructor(options: { readonly maxMs: number; readonly title: string; readonly trouble: DeviceTrouble }) {
    this.#maxMs = options.maxMs;
    this.#title = options.title;
    this.#trouble = options.trouble;
  }

  /**
   * The result of a call to the device's thread, or DEVICE_HUNG. The call itself goes on; if it succeeds late, `undo` lets go of what it has opened
   * and nobody waits for. Then the drive can be used again.
   */
  async guarded<T>(call: Promise<T>, undo?: () => Promise<unknown>): Promise<T> {
    if (this.#maxMs === 0) return await call;
    const late = Promise.withResolvers<never>();
    const timer = setInterval(() => {
      const ms = this.#rewindingMs;
      if (ms <= this.#maxMs) return;
      clearInterval(timer);
      this.#hangs(call.then(undo), ms);
      late.reject(
        new OperatorError("DEVICE_HUNG", `${this.#title}: the rewind takes longer than ${this.#maxMs / 1000} seconds`, {
          hint: "look at the drive; Maximum Rewind Wait in the Device resource says how long it may take",
        }),
      );
    }, LOOK_MS);
    try {
      return await Promise.race([call, late.promise]);
    } finally {
      clearInterval(timer);
    }
  }

  /** How long the tape has been rewinding; 0: it is not. */
  get #rewindingMs(): number {
    const since = Atomics.load(this.since, 0);
    return since === 0n ? 0 : Number(process.hrtime.bigint() - since) / 1e6;
  }

  /** `answered` settles when the thread has answered. */
  #hangs(answered: Promise<unknown>, ms: number): void {
    const isFirst = !this.#trouble.isHung;
    if (isFirst) this.#trouble.begin(Date.now() - ms, "its tape has been rewinding");
    const over = (): void => {
      if (isFirst) this.#trouble.end();
    };
    answered.then(over, over);
  }
}
