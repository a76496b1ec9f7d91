import { uncarried } from "#lib/errors/carried-error.ts";
import type { CarriedError } from "#lib/errors/carried-error.ts";

/** Calls to another thread that wait for their answers, by number. Once the thread has ended all are rejected, and every later one too. */
export class WaitingCalls {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;
  #end: Error | undefined;

  /** Why no call can be made any more. */
  get endedBy(): Error | undefined {
    return this.#end;
  }

  /** Whether no call waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Makes a call, which `send` posts under its number; answers what comes back. */
  async make<Result>(send: (id: number) => void): Promise<Result> {
    if (this.#end !== undefined) throw this.#end;
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    send(id);
    return (await waiting.promise) as Result;
  }

  /** The answer to a call. */
  resolve(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  /** A call failed there. */
  reject(id: number, error: CarriedError): void {
    this.#take(id)?.reject(uncarried(error));
  }

  /** From now on no call is taken; those that wait may still be answered. */
  refuse(reason: Error): void {
    this.#end ??= reason;
  }

  /** The thread has ended: nothing is answered any more. True if calls were taken until now. */
  end(reason: Error): boolean {
    const isNews = this.#end === undefined;
    this.#end ??= reason;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
    this.#waiting.clear();
    return isNews;
  }

  #take(id: number): PromiseWithResolvers<unknown> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
