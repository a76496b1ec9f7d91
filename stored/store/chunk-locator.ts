import { WaitingCalls } from "../device/waiting-calls.ts";
import type { MessagePort } from "node:worker_threads";
import type { ChunkPlaces } from "../chunks/store-calls.ts";
import type { LocateAnswer, LocateQuestion } from "./store-protocol.ts";
import type { SessionKey } from "../volume/block.ts";

/** Asks a store's thread where chunks lie, from another thread: the far end of StoreThread.locator. */
export class ChunkLocator implements Disposable {
  readonly #port: MessagePort;
  readonly #calls = new WaitingCalls();

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (answer: LocateAnswer) => {
      if (answer.kind === "places") this.#calls.resolve(answer.id, answer.places);
      else this.#calls.reject(answer.id, answer.error);
    });
    port.on("close", () => void this.#calls.end(new Error("the store's thread has ended")));
    port.unref();
  }

  /** Where the chunks of a saved session lie; `ids` are identities one after the other. */
  async locate(session: SessionKey, ids: Uint8Array): Promise<ChunkPlaces> {
    try {
      return await this.#calls.make<ChunkPlaces>((id) => {
        this.#port.ref();
        const question: LocateQuestion = { id, session, ids };
        this.#port.postMessage(question);
      });
    } finally {
      if (this.#calls.isEmpty) this.#port.unref();
    }
  }

  [Symbol.dispose](): void {
    this.#calls.end(new Error("the reader was closed"));
    this.#port.close();
  }
}
