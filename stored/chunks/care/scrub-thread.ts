import { Worker } from "node:worker_threads";
import { endThread } from "#lib/platform/end-thread.ts";
import type { ScrubbedContainer } from "./scrub-container.ts";

/** Reads containers in a thread of its own, one at a time. */
export class ScrubThread implements AsyncDisposable {
  readonly #worker = new Worker(new URL("./scrub-worker.ts", import.meta.url), { name: "scrub" });
  #waiting: PromiseWithResolvers<ScrubbedContainer> | undefined;
  #death: Error | undefined;

  constructor() {
    this.#worker.on("message", (found: ScrubbedContainer) => this.#waiting?.resolve(found));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", () => this.#die(new Error("the thread that scrubs has ended")));
  }

  /** Checks one container. Rejects only if the thread itself fails. */
  async scrub(path: string): Promise<ScrubbedContainer> {
    if (this.#death !== undefined) throw this.#death;
    this.#waiting = Promise.withResolvers();
    this.#worker.postMessage(path);
    return await this.#waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endThread(this.#worker);
  }

  #die(cause: unknown): void {
    this.#death ??= new Error("the thread that scrubs has ended", { cause });
    this.#waiting?.reject(this.#death);
  }
}
