import type { Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { bulkStorageData, declareHeadroom } from "#lib/rpc/bulk-codec.ts";
import type { BidiCall, RpcClient } from "#lib/rpc/client.ts";
import type { JobRef } from "#proto/common.ts";
import type { AppendEnd, AppendReply, AppendRequest, SessionId, StoreOffer } from "#proto/data.ts";
import { keepConnected } from "#filed/clients/reconnect.ts";
import type { BatchSink, ChunkSink } from "./sinks.ts";
import { StoreQuestions } from "./store-questions.ts";

export interface StorageSenderOptions {
  readonly client: RpcClient;
  readonly job: JobRef;
  /** The job's key, from the Director's ticket. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Longest time without a connection to the storage daemon. */
  readonly lostMsMax: number;
  readonly onState: (state: "lost" | "back", text: string) => void;
  /** Bytes a second; 0: no limit. */
  readonly bytesPerSecond?: number;
}

/** Bytes of batches that the storage daemon has not acknowledged; `send` waits when there are as many. */
const BUFFER_BYTES_MAX = 24 * 1024 * 1024;

/** A batch of records or a run of chunks; both are numbered alike. */
interface KeptBatch {
  readonly kind: "records" | "chunks";
  readonly batch: Uint8Array<ArrayBuffer>;
  readonly bytes: number;
  /** Gives the buffer back to its encoder. */
  readonly release: () => void;
  /** Connections on which it was sent. */
  timesSent: number;
}

/**
 * Sends a job's batches and chunks to its storage daemon, in order, none lost and none twice: what is not acknowledged is kept and sent
 * again on the next connection. Memory is bounded by BUFFER_BYTES_MAX. Questions about the store overtake batches.
 */
export class StorageSender implements BatchSink, ChunkSink {
  readonly #options: StorageSenderOptions;
  /** Batches sent or to be sent; the first has number `#acked` (from 0). */
  #batches: KeptBatch[] = [];
  readonly #questions = new StoreQuestions();
  /** What the storage daemon said about its store when the first connection was opened. */
  #offer: { readonly store: StoreOffer | undefined } | undefined;
  #bytes = 0;
  #acked = 0;
  #added = 0;
  /** Batches that were sent at least once; only these can have come. */
  #sentUpTo = 0;
  #end: AppendEnd | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isDone = false;
  #wake: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #sentBytes = 0;
  #startMs = 0;

  constructor(options: StorageSenderOptions) {
    this.#options = options;
  }

  /** Bytes put on the connection, repeats included. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Begins to connect. */
  start(): void {
    const { client, clock, signal, lostMsMax, onState } = this.#options;
    this.#startMs = clock.monotonicMs();
    this.#running = keepConnected((progressed) => this.#session(progressed), {
      clock,
      signal,
      lostMsMax,
      who: client.who,
      onState,
    }).then(
      () => {
        this.#isDone = true;
        this.#wakeAll();
      },
      (error: unknown) => {
        this.#failure = { error };
        this.#questions.fail(error);
        this.#wakeAll();
      },
    );
  }

  /** The store behind the job's device; undefined: it has none. Comes when the device is ready, for which an operator may be needed. */
  async offer(): Promise<StoreOffer | undefined> {
    while (this.#offer === undefined) await this.#changed();
    return this.#offer.store;
  }

  /** Asks that earlier sessions be kept until the job has ended; answers which are. */
  hold(sessions: readonly SessionId[]): Promise<readonly boolean[]> {
    const answer = this.#questions.hold(sessions);
    this.#wakeAll();
    return answer;
  }

  ask(ids: Uint8Array): Promise<Uint8Array> {
    const answer = this.#questions.ask(ids);
    this.#wakeAll();
    return answer;
  }

  /** Takes the next batch; resolves when there is room for another. The batch must not be changed. Rejects when the job's storage is gone. */
  send(batch: Uint8Array<ArrayBuffer>, release: () => void): Promise<void> {
    return this.#add("records", batch, release);
  }

  /** The same for a run of new chunks. */
  sendChunks(run: Uint8Array<ArrayBuffer>, release: () => void): Promise<void> {
    return this.#add("chunks", run, release);
  }

  async #add(kind: KeptBatch["kind"], batch: Uint8Array<ArrayBuffer>, release: () => void): Promise<void> {
    this.#throwFailure();
    const bytes = batch.byteLength;
    this.#batches.push({ kind, batch, bytes, release, timesSent: 0 });
    this.#bytes += bytes;
    this.#added++;
    this.#wakeAll();
    await this.#keepRate(bytes);
    while (this.#bytes >= BUFFER_BYTES_MAX) await this.#changed();
  }

  /** Says how the client's half ended and waits until the storage daemon has closed the session. */
  async finish(end: Omit<AppendEnd, "batches">): Promise<void> {
    this.#end = { ...end, batches: this.#added };
    this.#wakeAll();
    while (!this.#isDone) await this.#changed();
    await this.#running;
  }

  async #session(progressed: () => void): Promise<boolean> {
    const { client, job, key, signal } = this.#options;
    const call = await client.bidi(bulkStorageData.append, { signal });
    let isOver = false;
    try {
      await call.write({ step: { $case: "open", value: { job, key: Buffer.from(key) } } });
      const replies = call[Symbol.asyncIterator]();
      const first = await replies.next();
      if (first.done === true)
        throw new OperatorError("RPC_CONNECTION_LOST", `${client.who} ended the data connection at once`);
      this.#questions.begin();
      this.#takeOffer(first.value.store);
      this.#takeReply(first.value);
      progressed();
      if (first.value.ended) return true;
      const writing = this.#write(call, first.value.batches, () => isOver);
      writing.catch(() => {});
      for (let reply = await replies.next(); reply.done !== true; reply = await replies.next()) {
        this.#takeReply(reply.value);
        progressed();
        if (reply.value.ended) return true;
      }
      isOver = true;
      this.#wakeAll();
      await writing;
      throw new OperatorError("RPC_CONNECTION_LOST", `${client.who} ended the data connection`);
    } finally {
      isOver = true;
      this.#wakeAll();
      call.cancel();
    }
  }

  async #write(call: BidiCall<AppendRequest, AppendReply>, from: number, isOver: () => boolean): Promise<void> {
    for (let number = from; !isOver();) {
      const question = this.#questions.next();
      if (question !== undefined) {
        await call.write({ step: question.step });
        this.#sentBytes += question.bytes;
        continue;
      }
      const next = this.#batches[number - this.#acked];
      if (next !== undefined) {
        // The encoder left room before the batch; sending it again writes the same bytes there.
        next.timesSent++;
        this.#sentUpTo = Math.max(this.#sentUpTo, number + 1);
        await call.write({ step: { $case: next.kind, value: declareHeadroom(next.batch) } });
        this.#sentBytes += next.bytes;
        number++;
      } else if (this.#end !== undefined && number === this.#added) {
        await call.write({ step: { $case: "end", value: this.#end } });
        return;
      } else await this.#changed();
    }
  }

  /** The store is the same on every connection: the job's lists name chunks of it. */
  #takeOffer(store: StoreOffer | undefined): void {
    const before = this.#offer?.store;
    if (this.#offer !== undefined && (store?.store !== before?.store || store?.domain !== before?.domain))
      throw new OperatorError("STORAGE_REFUSED", `${this.#options.client.who} offers another store than when the job began`);
    this.#offer ??= { store };
  }

  #takeReply(reply: AppendReply): void {
    const { client } = this.#options;
    if (reply.failed !== "") throw new OperatorError("STORAGE_REFUSED", `${client.who} gave the job up: ${reply.failed}`);
    if (reply.batches < this.#acked || reply.batches > this.#sentUpTo) {
      throw new OperatorError(
        "STORAGE_REFUSED",
        `${client.who} says that it has ${reply.batches} batches; it acknowledged ${this.#acked} and ${this.#sentUpTo} were sent`,
      );
    }
    for (; this.#acked < reply.batches; this.#acked++) {
      const { bytes, release, timesSent } = this.#batches.shift()!;
      this.#bytes -= bytes;
      // A connection that was cut may still hold the buffer for writing, so it is left to the garbage collector.
      if (timesSent === 1) release();
    }
    this.#questions.takeReply(reply);
    this.#wakeAll();
  }

  async #keepRate(bytes: number): Promise<void> {
    const { bytesPerSecond = 0, clock, signal } = this.#options;
    if (bytesPerSecond <= 0) return;
    // The debt is counted from now at the earliest: time in which nothing was sent gives no right to a burst.
    this.#startMs = Math.max(this.#startMs, clock.monotonicMs()) + (bytes * 1000) / bytesPerSecond;
    const waitMs = this.#startMs - clock.monotonicMs();
    if (waitMs > 1) await clock.sleep(waitMs, signal);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #changed(): Promise<void> {
    this.#throwFailure();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake.push(resolve);
    await promise;
    this.#throwFailure();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }
}
