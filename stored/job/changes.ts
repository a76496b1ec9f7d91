import { abortable } from "#lib/base/abort.ts";

/** A place where several wait until something has changed; each then looks for itself. */
export class Changes {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next change from now on: whoever takes it before looking misses none while looking. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  /** Wakes all that wait. */
  notify(): void {
    const now = this.#next;
    this.#next = Promise.withResolvers<void>();
    now.resolve();
  }

  /** Resolves at the next change; rejects with the signal's reason when it aborts first. */
  async wait(signal?: AbortSignal): Promise<void> {
    await abortable(this.#next.promise, signal);
  }

  /** Waits until `condition` holds; looks at once and after every change. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    while (!condition()) await this.wait(signal);
  }
}
