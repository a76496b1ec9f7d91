import { OperatorError } from "#lib/errors/operator-error.ts";
import { abortable } from "#lib/base/abort.ts";

/** Whether the file daemon of a job is connected, and how long it may stay away. */
export class ClientLink {
  readonly #graceMs: number;
  readonly #firstGraceMs: number;
  readonly #client: string;
  #current: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #lost = new AbortController();
  #hasCome = false;
  #isClosed = false;

  /** `firstGraceMs`: for the first connection, where that may take longer. */
  constructor(options: { readonly client: string; readonly graceMs: number; readonly firstGraceMs?: number }) {
    this.#client = options.client;
    this.#graceMs = options.graceMs;
    this.#firstGraceMs = options.firstGraceMs ?? options.graceMs;
    this.#startWaiting();
  }

  /** Whether the file daemon has connected at least once. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  get isConnected(): boolean {
    return this.#current !== undefined;
  }

  /** A stream has come: an older one is told to end. The signal ends this one when a newer comes. Dispose it when the stream ends. */
  connect(): { readonly signal: AbortSignal } & Disposable {
    this.#current?.abort(new OperatorError("CANCELED", "the file daemon has connected anew"));
    clearTimeout(this.#timer);
    this.#hasCome = true;
    const mine = new AbortController();
    this.#current = mine;
    return {
      signal: mine.signal,
      [Symbol.dispose]: () => {
        if (this.#current !== mine) return;
        this.#current = undefined;
        this.#startWaiting();
      },
    };
  }

  /** The promise, or JOB_CLIENT_LOST when the file daemon stays away too long before it settles. */
  async orLost<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    // Not a race: what waits for the promise of a whole job is never given back before its end.
    return await abortable(abortable(promise, this.#lost.signal), signal);
  }

  /** The job has ended: nobody is waited for any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #startWaiting(): void {
    if (this.#isClosed) return;
    const graceMs = this.#hasCome ? this.#graceMs : this.#firstGraceMs;
    this.#timer = setTimeout(() => {
      const again = this.#hasCome ? "did not connect again" : "did not connect";
      this.#lost.abort(
        new OperatorError(
          "JOB_CLIENT_LOST",
          `the file daemon of client "${this.#client}" ${again} within ${Math.round(graceMs / 1000)} seconds`,
        ),
      );
    }, graceMs);
  }
}
