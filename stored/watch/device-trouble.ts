import { abortable } from "#lib/base/abort.ts";

/** Whether a device answers, for those who would wait for it. */
export class DeviceTrouble {
  #sinceMs: number | undefined;
  #what = "";
  #hanging = Promise.withResolvers<void>();
  /** Told when it begins to hang, and when it answers again: who gives the device to jobs. */
  changed: (isHung: boolean) => void = () => {};

  /** Since when it hangs; undefined if it does not. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  get isHung(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Resolves when it hangs, at once if it does. */
  get hanging(): Promise<void> {
    return this.#hanging.promise;
  }

  /** What hangs: `its file system has not answered`; "" if nothing does. */
  get what(): string {
    return this.#what;
  }

  /** It hangs. */
  begin(sinceMs: number, what = "its file system has not answered"): void {
    this.#sinceMs = sinceMs;
    this.#what = what;
    this.#hanging.resolve();
    this.changed(true);
  }

  /** It answers again. */
  end(): void {
    this.#sinceMs = undefined;
    this.#what = "";
    this.#hanging = Promise.withResolvers<void>();
    this.changed(false);
  }

  /** The work's result; or a rejection with the signal's reason when that has aborted and the device hangs. The work itself goes on. */
  async orGiveUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const given = new AbortController();
    const over = new AbortController();
    const watch = async () => {
      await aborted(signal, over.signal);
      await abortable(this.hanging, over.signal);
      given.abort(signal.reason);
    };
    watch().catch(() => {}); // the work was done first
    try {
      return await abortable(work, given.signal);
    } finally {
      over.abort();
    }
  }

  /** Waits for the work, but not while the device hangs: then it goes on by itself. */
  async orLeave(work: Promise<unknown>): Promise<void> {
    work.catch(() => {}); // its failure shows when it is awaited in time
    await Promise.race([work, this.hanging]);
  }
}

/** Resolves when the signal aborts; rejects when the other one does before. */
async function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await abortable(promise, over);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
