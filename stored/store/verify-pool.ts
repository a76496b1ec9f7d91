import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { toTransfer } from "#lib/base/shared-buffer.ts";
import { must } from "#lib/base/assert.ts";
import { uncarried } from "#lib/errors/carried-error.ts";
import type { FromVerifier, ToVerifier } from "./store-protocol.ts";

/** Bytes of frames that may be with the threads; more wait in their jobs, which bound them. */
const UNDER_WAY_BYTES_MAX = 32 * 1024 * 1024;

/** Most threads: more than these verify faster than a network brings. */
const THREADS_MAX = 4;

interface Order {
  readonly frames: Uint8Array<ArrayBuffer>;
  readonly plainBytesMax: number;
  readonly done: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

interface Thread {
  readonly worker: Worker;
  /** Orders with the thread, by id. */
  readonly orders: Map<number, Order>;
}

/** The threads that verify new chunks, for all stores of the daemon. Started when first needed. */
export class VerifyPool implements AsyncDisposable {
  readonly #threadsMax: number;
  readonly #threads: Thread[] = [];
  readonly #waiting: Order[] = [];
  #underWayBytes = 0;
  #nextId = 1;
  #isClosed = false;

  constructor(threadsMax = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1))) {
    this.#threadsMax = threadsMax;
  }

  /**
   * Verifies a run of frames in a thread; answers the frames, whose buffer was away meanwhile. Rejects as FrameVerifier.verify does.
   */
  async verify(frames: Uint8Array<ArrayBuffer>, plainBytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#isClosed) throw new Error("the threads that verify chunks were stopped");
    const done = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#waiting.push({ frames, plainBytesMax, done });
    this.#hand();
    return await done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const stopped = new Error("the threads that verify chunks were stopped");
    for (const order of this.#waiting.splice(0)) order.done.reject(stopped);
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  /** Hands waiting orders out, each to the thread with the fewest. */
  #hand(): void {
    while (this.#waiting.length > 0 && (this.#underWayBytes === 0 || this.#underWayBytes < UNDER_WAY_BYTES_MAX)) {
      const order = must(this.#waiting.shift(), "a waiting order");
      const thread = this.#leastBusy();
      const message: ToVerifier = { id: this.#nextId++, frames: order.frames, plainBytesMax: order.plainBytesMax };
      thread.orders.set(message.id, order);
      this.#underWayBytes += order.frames.byteLength;
      const bytes = order.frames.byteLength;
      const settle = () => {
        this.#underWayBytes -= bytes;
        this.#hand();
      };
      order.done.promise.then(settle, settle);
      thread.worker.postMessage(message, toTransfer([order.frames.buffer]));
    }
  }

  #leastBusy(): Thread {
    const idle = this.#threads.find((thread) => thread.orders.size === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.#threadsMax) return this.#start();
    return this.#threads.reduce((least, thread) => (thread.orders.size < least.orders.size ? thread : least));
  }

  #start(): Thread {
    const worker = new Worker(new URL("./verify-worker.ts", import.meta.url), { name: "verify chunks" });
    const thread: Thread = { worker, orders: new Map() };
    worker.on("message", ({ id, frames, error }: FromVerifier) => {
      const order = thread.orders.get(id);
      thread.orders.delete(id);
      if (error === undefined) order?.done.resolve(frames);
      else order?.done.reject(uncarried(error));
    });
    const die = (error: unknown) => {
      const at = this.#threads.indexOf(thread);
      if (at >= 0) this.#threads.splice(at, 1);
      for (const order of thread.orders.values())
        order.done.reject(new Error("a thread that verifies chunks has ended", { cause: error }));
      thread.orders.clear();
    };
    worker.on("error", die);
    worker.on("exit", die);
    this.#threads.push(thread);
    return thread;
  }
}
