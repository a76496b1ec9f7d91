import { uncarried } from "../device/carried-error.ts";
import type { MessagePort } from "node:worker_threads";
import type { ChunkPlaces } from "../chunks/store-calls.ts";
import type { LocateAnswer, LocateQuestion } from "./store-protocol.ts";
import type { SessionKey } from "../volume/block.ts";

/** Asks a store's thread where chunks lie, from another thread: the far end of StoreThread.locator. */
export class ChunkLocator implements Disposable {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, PromiseWithResolvers<ChunkPlaces>>();
  #nextId = 1;
  #end: Error | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (answer: LocateAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.kind === "places") waiting?.resolve(answer.places);
      else waiting?.reject(uncarried(answer.error));
    });
    port.on("close", () => this.#over(new Error("the store's thread has ended")));
    port.unref();
  }

  /** Where the chunks of a saved session lie; `ids` are identities one after the other. */
  async locate(session: SessionKey, ids: Uint8Array): Promise<ChunkPlaces> {
    if (this.#end !== undefined) throw this.#end;
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<ChunkPlaces>();
    this.#waiting.set(id, waiting);
    this.#port.ref();
    const question: LocateQuestion = { id, session, ids };
    this.#port.postMessage(question);
    try {
      return await waiting.promise;
    } finally {
      if (this.#waiting.size === 0) this.#port.unref();
    }
  }

  [Symbol.dispose](): void {
    this.#over(new Error("the reader was closed"));
    this.#port.close();
  }

  #over(error: Error): void {
    this.#end ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
    this.#waiting.clear();
  }
}
