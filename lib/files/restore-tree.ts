import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { must } from "#lib/base/assert.ts";
import { isShared, sharedBuffer } from "#lib/base/shared-buffer.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { BATCH_BYTES_MAX, BatchCursor } from "#lib/wire/record.ts";
import { relocation } from "./relocate.ts";
import { finalSteps, sessionSteps } from "./writer-messages.ts";
import type { RestoreCounts, RestoreNote } from "./restore-place.ts";
import type { FromWriter, ToWriter, WriterStart, WriterStep } from "./writer-messages.ts";

export interface RestoreTreeOptions extends WriterStart {
  readonly note: (kind: RestoreNote, text: string) => void;
  readonly signal: AbortSignal;
  /** Writer threads; default: one a core, 2 at least, 4 at most. One where we are not root: then the order of directories matters. */
  readonly threads?: number;
  /** Bytes that all writers together may have in hand and in store; default 20 MiB. */
  readonly bytesMax?: number;
}

/** Bytes of buffers that all writers together may have in hand and in store, unless it is said otherwise. */
const BYTES_MAX = 20 * 1024 * 1024;
/** How much of it one writer may have. A large file goes to one of them: while it is busy with that, what comes behind should reach the others. */
const WRITER_PART = 0.6;
/** Sessions of which it is remembered who has the file at hand; as many as a writer keeps. */
const SESSIONS_MAX = 256;
const HEAP_MIB = 512;
const YOUNG_MIB = 8;

interface Writer {
  readonly worker: Worker;
  /** Bytes of buffers sent to it that have not come back. */
  bytes: number;
  counts: RestoreCounts;
  steps: number;
}

/** Memory that holds records which writers have in hand. */
interface Lent {
  readonly buffer: ArrayBuffer;
  /** Where in the buffer the batch begins. */
  readonly offset: number;
  /** Writers that still read it, and the one who is about to hand it out. */
  readers: number;
  /** Nobody reads it any more. */
  readonly free: () => void;
}

/**
 * Puts the files of a restore back: cuts incoming batches at file borders and gives each file to one writer thread. `add` waits while
 * the writers are behind; `finish` makes links and sets directories.
 */
export class RestoreTree implements AsyncDisposable {
  readonly #options: RestoreTreeOptions;
  readonly #writers: Writer[] = [];
  /** Of each session the file whose records came last, and who has it. */
  readonly #files = new Map<string, { readonly fileIndex: number; readonly writer: Writer }>();
  /** Sessions of which records came. */
  readonly #seen = new Set<string>();
  #session = "";
  #jobId = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void)[] = [];
  /** Buffers to be used again; as many as were under way at once. */
  readonly #buffers: ArrayBuffer[] = [];
  /** What writers have in hand, by the number under which it was posted. */
  readonly #lent = new Map<number, Lent>();
  #lentCount = 0;
  /** Files that the batches named so far. */
  #filesSeen = 0;

  /** Throws OperatorError PATTERN_INVALID for a relocation that cannot be understood. */
  constructor(options: RestoreTreeOptions) {
    this.#options = options;
    relocation(options.where, options.regexWhere);
    const isRoot = process.geteuid?.() === 0;
    const threads = options.threads ?? (isRoot ? Math.min(4, Math.max(2, availableParallelism())) : 1);
    const { where, regexWhere, replace, numericIds, prefixLinks, ignoresDigests, keys } = options;
    for (let number = 0; number < threads; number++)
      this.#startWriter({ where, regexWhere, replace, numericIds, prefixLinks, ignoresDigests, keys });
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal.reason);

  /** Sum of what the writers did so far. */
  get counts(): RestoreCounts {
    const sum: RestoreCounts = { files: 0, bytes: 0, errors: 0, skipped: 0 };
    for (const { counts } of this.#writers) {
      sum.files += counts.files;
      sum.bytes += counts.bytes;
      sum.errors += counts.errors;
      sum.skipped += counts.skipped;
    }
    return sum;
  }

  /** Files for which records came. */
  get filesSeen(): number {
    return this.#filesSeen;
  }

  #startWriter(start: WriterStart): void {
    const worker = new Worker(new URL("./writer-thread.ts", import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    const writer: Writer = { worker, bytes: 0, counts: { files: 0, bytes: 0, errors: 0, skipped: 0 }, steps: 0 };
    worker.on("message", (message: FromWriter) => this.#fromWriter(writer, message));
    worker.on("error", (error) =>
      this.#fail(new OperatorError("WORKER_FAILED", "a thread that writes files ended unexpectedly", { cause: error })),
    );
    this.#writers.push(writer);
  }

  /**
   * Takes a batch. One in shared memory that comes with `free` is read where it lies, until `free` is called; any other is copied. Throws
   * OperatorError BATCH_INVALID for one that is none.
   */
  async add(batch: Uint8Array, free?: () => void): Promise<void> {
    await this.#orderSession();
    const file = this.#files.get(this.#session);
    const { border, lastIndex } = this.#findBorder(batch, file?.fileIndex);
    const lent = free !== undefined && isShared(batch.buffer) ? lend(batch, free) : this.#copied(batch, free);
    if (file !== undefined && border > 0) await this.#give(file.writer, lent, { from: 0, to: border });
    if (border < batch.byteLength) {
      const writer = this.#leastBusy();
      if (this.#files.size >= SESSIONS_MAX) for (const [oldest] of [...this.#files].slice(0, 1)) this.#files.delete(oldest);
      this.#files.delete(this.#session);
      this.#files.set(this.#session, { fileIndex: lastIndex, writer });
      await this.#give(writer, lent, { from: border, to: batch.byteLength });
    }
    doneWith(lent);
  }

  #copied(batch: Uint8Array, free: (() => void) | undefined): Lent {
    const isUsual = batch.byteLength <= BATCH_BYTES_MAX;
    const buffer = isUsual ? (this.#buffers.pop() ?? sharedBuffer(BATCH_BYTES_MAX)) : sharedBuffer(batch.byteLength);
    new Uint8Array(buffer).set(batch);
    free?.();
    return lend(new Uint8Array(buffer), () => {
      if (isUsual) this.#buffers.push(buffer);
    });
  }

  /**
   * Jobs of a chain hold the same names; the later one is to win. So before the first records of a session all writers have done what
   * came before it.
   */
  async #orderSession(): Promise<void> {
    if (this.#seen.has(this.#session)) return;
    this.#seen.add(this.#session);
    if (this.#seen.size > 1) await this.#step("endSessionFile");
  }

  /** Where the file of the batch before ends in this one, and the last file of this one. */
  #findBorder(batch: Uint8Array, before: number | undefined): { readonly border: number; readonly lastIndex: number } {
    const cursor = new BatchCursor(batch);
    let lastIndex = before ?? 0;
    let border = batch.byteLength;
    let isFirst = before === undefined;
    while (cursor.next()) {
      if (cursor.fileIndex === lastIndex && !isFirst) continue;
      isFirst = false;
      this.#filesSeen++;
      if (border === batch.byteLength) border = cursor.start;
      lastIndex = cursor.fileIndex;
    }
    return { border, lastIndex };
  }

  /**
   * The records that follow are of this session: another one, or one that goes on where it was, maybe within a file. `jobId` of the saved
   * job, for messages; 0: not known.
   */
  session(key: string, jobId = 0): void {
    this.#session = key;
    this.#jobId = jobId;
  }

  /** Ends the session named last with all that belongs to it, but for its directories: what follows may replace what it brought. */
  async endSession(): Promise<void> {
    this.#files.delete(this.#session);
    for (const step of sessionSteps) await this.#step(step);
  }

  /** Ends the restore: links, then directories. Answers the final counts. */
  async finish(): Promise<RestoreCounts> {
    for (const step of finalSteps) await this.#step(step);
    return this.counts;
  }

  async #step(step: WriterStep): Promise<void> {
    const target = this.#writers[0]!.steps + 1;
    for (const writer of this.#writers) this.#post(writer, { kind: "step", session: this.#session, jobId: this.#jobId, step });
    await this.#until(() => this.#writers.every((writer) => writer.steps >= target));
  }

  /** Has a writer read a part of a batch. The whole of its memory counts, for the shortest part keeps it. */
  async #give(writer: Writer, lent: Lent, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    const { buffer, offset } = lent;
    const bytes = buffer.byteLength;
    const { bytesMax = BYTES_MAX } = this.#options;
    await this.#until(
      () => writer.bytes === 0 || (writer.bytes + bytes <= bytesMax * WRITER_PART && this.#bytesUnderWay + bytes <= bytesMax),
    );
    writer.bytes += bytes;
    lent.readers++;
    const number = this.#lentCount++;
    this.#lent.set(number, lent);
    this.#post(writer, {
      kind: "records",
      session: this.#session,
      jobId: this.#jobId,
      number,
      buffer,
      offset: offset + from,
      bytes: to - from,
    });
  }

  #written(writer: Writer, number: number): void {
    const lent = must(this.#lent.get(number), "records that a writer had in hand");
    this.#lent.delete(number);
    writer.bytes -= lent.buffer.byteLength;
    doneWith(lent);
  }

  get #bytesUnderWay(): number {
    return this.#writers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #post(writer: Writer, message: ToWriter): void {
    writer.worker.postMessage(message);
  }

  #leastBusy(): Writer {
    return this.#writers.reduce((least, other) => (other.bytes < least.bytes ? other : least));
  }

  #fromWriter(writer: Writer, message: FromWriter): void {
    switch (message.kind) {
      case "written":
        this.#written(writer, message.number);
        writer.counts = message.counts;
        break;
      case "note":
        this.#options.note(message.note, message.text);
        return;
      case "stepDone":
        writer.counts = message.counts;
        writer.steps++;
        break;
      case "failed":
        this.#fail(new OperatorError("WORKER_FAILED", `restoring failed: ${message.text}`));
        return;
    }
    this.#wakeAll();
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (condition()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.push(resolve);
      await promise;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  /** Stops the threads; what they had in hand is left as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    await Promise.all(this.#writers.map(({ worker }) => endThread(worker)));
  }
}

/** Of one reader, who is about to hand it out. */
function lend({ buffer, byteOffset }: Uint8Array, free: () => void): Lent {
  return { buffer: buffer as ArrayBuffer, offset: byteOffset, readers: 1, free };
}

function doneWith(lent: Lent): void {
  lent.readers--;
  if (lent.readers === 0) lent.free();
}
