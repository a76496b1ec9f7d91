import { MessageChannel, Worker } from "node:worker_threads";
import { onAbort } from "#lib/base/abort.ts";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { reuseReceived } from "#lib/rpc/received-buffers.ts";
import { endSoon, soon } from "../watch/end-soon.ts";
import { uncarried } from "#lib/errors/carried-error.ts";
import { WaitingCalls } from "../device/waiting-calls.ts";
import type { MessagePort } from "node:worker_threads";
import type { FromStore, StoreThreadOptions, ToStore } from "./store-protocol.ts";
import type { CareWatch } from "../chunks/care/care-watch.ts";
import type { SessionKey } from "../volume/block.ts";
import type { StoreCallName, StoreCalls } from "../chunks/store-calls.ts";

/** Who hears what the thread tells unasked. */
export interface StoreListener {
  /** Containers of this domain were removed. */
  swept(domain: string): void;
  /** A job found no room. Answers whether it is to try again; rejecting means no. */
  noRoom(session: SessionKey, why: Error): Promise<boolean>;
  /** The thread has ended without being told to; nothing more can be done with it. */
  died(error: Error): void;
}

/** The main thread's end of a store's thread. */
export class StoreThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #calls = new WaitingCalls();
  /** Who hears how far a call is, by its number. */
  readonly #watches = new Map<number, CareWatch>();
  readonly #listener: StoreListener;

  constructor(options: StoreThreadOptions, listener: StoreListener) {
    this.#listener = listener;
    this.#worker = new Worker(new URL("./store-worker.ts", import.meta.url), {
      workerData: options,
      name: `store ${options.settings.directory}`,
    });
    this.#worker.on("message", (message: FromStore) => this.#receive(message));
    this.#worker.on("error", (error) => this.#die(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () => this.#die(new Error("the store's thread has ended")));
  }

  /** Makes a call in the thread; buffers in `transfer` are given away. Rejects with the OperatorError that was thrown there. */
  async call<Name extends StoreCallName>(
    name: Name,
    argument: StoreCalls[Name]["argument"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<StoreCalls[Name]["result"]> {
    return await this.#calls.make((id) => {
      const message: ToStore = { kind: "call", id, name, argument, isWatched: false };
      this.#worker.postMessage(message, toTransfer(transfer));
    });
  }

  /** Makes a call that `watch` hears of and may stop; then it rejects with CANCELED when the thread has stopped it. */
  async watched<Name extends "vacuum" | "scrub" | "verify">(
    name: Name,
    argument: StoreCalls[Name]["argument"],
    watch: CareWatch,
  ): Promise<StoreCalls[Name]["result"]> {
    let number = 0;
    const call = this.#calls.make<StoreCalls[Name]["result"]>((id) => {
      number = id;
      this.#watches.set(id, watch);
      const message: ToStore = { kind: "call", id, name, argument, isWatched: true };
      this.#worker.postMessage(message);
    });
    using _stop = onAbort(watch.signal, () => {
      const message: ToStore = { kind: "stop", id: number };
      this.#worker.postMessage(message);
    });
    try {
      return await call;
    } finally {
      this.#watches.delete(number);
    }
  }

  /** A port on which another thread may ask where chunks lie (chunk-locator.ts). To be given away. */
  locator(): MessagePort {
    if (this.#calls.endedBy !== undefined) throw this.#calls.endedBy;
    const { port1, port2 } = new MessageChannel();
    const message: ToStore = { kind: "locator", port: port1 };
    this.#worker.postMessage(message, [port1]);
    return port2;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A store that hangs with its file system is left as after a crash: that costs it nothing that it has promised.
    if (this.#calls.endedBy === undefined) await soon(this.call("close", null).catch(() => null));
    this.#calls.refuse(new Error("the store's thread was stopped"));
    await endSoon(this.#worker);
  }

  #receive(message: FromStore): void {
    if (message.kind === "swept") return this.#listener.swept(message.domain);
    if (message.kind === "noRoom") return void this.#answerNoRoom(message);
    if (message.kind === "told") return this.#watches.get(message.id)?.tell(message.line);
    if (message.kind === "failure") return this.#calls.reject(message.id, message.error);
    if (message.spent !== undefined) reuseReceived(new Uint8Array(message.spent));
    this.#calls.resolve(message.id, message.value);
  }

  async #answerNoRoom({ id, session, why }: Extract<FromStore, { kind: "noRoom" }>): Promise<void> {
    const isThere = await this.#listener.noRoom(session, uncarried(why)).catch(() => false);
    const message: ToStore = { kind: "room", id, isThere };
    this.#worker.postMessage(message);
  }

  #die(error: Error): void {
    if (this.#calls.end(error)) this.#listener.died(error);
  }
}
