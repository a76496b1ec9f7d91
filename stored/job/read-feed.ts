import { declareHeadroom } from "#lib/rpc/bulk-codec.ts";
import { Changes } from "./changes.ts";
import { SendWindow } from "./send-window.ts";
import type { ReadEnd, ReadReply, ReadRequest } from "#proto/data.ts";
import type { ReadItem } from "../volume/volume-reader.ts";
import type { SessionKey } from "../volume/block.ts";

/** What one stream has heard of its file daemon. */
interface Listening {
  error: unknown;
  hasStarted: boolean;
}

/** What was read for a restore, on its way to the file daemon: over one stream after the other, nothing lost or doubled. */
export class ReadFeed {
  readonly #window = new SendWindow();
  /** Notified when anything here has changed. */
  readonly changes = new Changes();
  #current: { readonly session: SessionKey; readonly jobId: number } = { session: { id: 0, time: 0 }, jobId: 0 };
  /** What the last reply says; undefined while more will be added. */
  #end: ReadEnd | undefined;
  #isServed = false;
  #hasServed = false;

  /** The file daemon wants no more, or has all. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Whether something may be added. */
  get hasRoom(): boolean {
    return !this.#window.isFull || this.#isServed;
  }

  /** Hands over the buffers of acknowledged batches, to be used again. */
  takeSpent(): ArrayBuffer[] {
    return this.#window.takeSpent();
  }

  /** Adds what was read, when there is room. Answers the bytes. */
  add(item: ReadItem): number {
    if (item.kind === "session") {
      this.#current = item;
      return 0;
    }
    if (this.#isServed) return 0;
    this.#window.add({ batch: item.batch, ...this.#current });
    this.changes.notify();
    return item.batch.byteLength;
  }

  /** Nothing more will be added; `end` is the last reply. */
  finish(end: ReadEnd): void {
    this.#end = end;
    if (this.#window.isEmpty && end.failed === "") this.#isServed = true;
    this.changes.notify();
  }

  /** A file daemon that was told the end and does not come back has what it wants. */
  giveUpWaiting(): void {
    this.#isServed = true;
    this.changes.notify();
  }

  /**
   * One stream: sends from where the file daemon says that it stands, up to the end. `left`: called when the stream is over, the end was
   * told on it, and the file daemon has not said that it has all. Throws what is wrong with the stream.
   */
  async *replies(requests: AsyncIterator<ReadRequest>, signal: AbortSignal, left: () => void): AsyncGenerator<ReadReply> {
    const listening: Listening = { error: undefined, hasStarted: false };
    void this.#listen(requests, signal, listening).catch((error: unknown) => {
      listening.error = error;
      this.changes.notify();
    });
    // A file daemon that comes again says first what it has: without that a batch could come twice.
    if (this.#hasServed) {
      this.#window.keepBuffers();
      await this.changes.until(() => listening.hasStarted || listening.error !== undefined, signal);
    }
    this.#hasServed = true;
    const end = yield* this.#batches(listening, signal);
    try {
      yield { step: { $case: "end", value: end } };
      if (end.failed === "") await this.changes.until(() => this.#isServed || listening.error !== undefined, signal);
    } finally {
      if (!this.#isServed) left();
    }
  }

  async *#batches(listening: Listening, signal: AbortSignal): AsyncGenerator<ReadReply, ReadEnd> {
    let told: SessionKey | undefined;
    for (let next = this.#window.received + 1; ;) {
      if (listening.error !== undefined) throw listening.error;
      const out = this.#window.at(next);
      if (out === undefined) {
        if (this.#end !== undefined) return this.#end;
        await this.changes.wait(signal);
        continue;
      }
      const { session, jobId } = out;
      if (told === undefined || told.id !== session.id || told.time !== session.time) {
        told = session;
        yield { step: { $case: "session", value: { volSessionId: session.id, volSessionTime: session.time, jobId } } };
      }
      yield { step: { $case: "records", value: declareHeadroom(out.batch) } };
      next += 1;
    }
  }

  /** Hears what the file daemon has received. */
  async #listen(requests: AsyncIterator<ReadRequest>, signal: AbortSignal, listening: Listening): Promise<void> {
    for (;;) {
      const { value, done } = await requests.next();
      if (signal.aborted) return;
      const step = done === true ? undefined : (value as ReadRequest).step;
      if (step?.$case === "received") this.#window.acknowledge(step.value);
      const hasAll = this.#end?.failed === "" && this.#window.isEmpty;
      if (step?.$case === "stop" || hasAll) this.#isServed = true;
      listening.hasStarted = true;
      this.changes.notify();
      if (done === true || step?.$case === "stop") return;
    }
  }
}
