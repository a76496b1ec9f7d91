import { lstatSync } from "node:fs";
import { availableParallelism } from "node:os";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { FileSet } from "#proto/fileset.ts";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { buffersOf, EntryListBuilder } from "#filed/walk/entry.ts";
import type { EntryList } from "#filed/walk/entry.ts";
import type { WalkCounts } from "#filed/walk/walker.ts";
import type { SaveCounts } from "./save-file.ts";
import { saveOptions } from "./save-options.ts";
import { ThreadControl } from "./thread-control.ts";
import type { AccurateTable, EncoderStart, FromEncoder, FromWalker, Retry, ToEncoder, WalkerStart } from "./thread-messages.ts";

/** Where batches go, in order; the promise resolves when the next may come. */
export interface BatchSink {
  /** `release` gives the batch's buffer back when nobody needs it any more; it may be called later, or never. */
  send(batch: Uint8Array<ArrayBuffer>, release: () => void): Promise<void>;
}

export interface SaveTreeOptions {
  readonly fileset: FileSet;
  readonly sinceNs: bigint;
  readonly accurate?: AccurateTable | undefined;
  readonly allowCompression: boolean;
  readonly sink: BatchSink;
  readonly note: (kind: "notSaved" | "warning" | "skipped" | "info", text: string) => void;
  readonly signal: AbortSignal;
  /** Encoder threads; default: one a core, 2 at least, 4 at most. */
  readonly threads?: number;
  /** How long to wait before files that were busy are tried again; milliseconds. */
  readonly retryDelayMs?: number;
}

/** Where a save stands; changes while it runs. */
export interface SaveProgress extends SaveCounts {
  examined: number;
  /** Last file dealt with (byte string). */
  file: string;
}

/** What a finished save did. */
export interface SaveResultOfTree extends SaveCounts {
  readonly walk: WalkCounts;
  /** Files of the accurate list that are gone, each as `name NUL LStat`. */
  readonly deleted: readonly string[];
  /** No FileIndex above this was given. */
  readonly lastFileIndex: number;
}

const RETRIES_MAX = 10_000;
/** V8 heap bounds of the threads, MiB: they hold little besides buffers. */
const HEAP_MIB = { encoder: 64, walker: 512 } as const;
const YOUNG_MIB = 8;

/** Output of one list: batches wait here until those of all lists before it were sent. */
interface Pending {
  readonly batches: { readonly batch: Uint8Array<ArrayBuffer>; readonly encoder: number }[];
  isDone: boolean;
}

/**
 * Saves a FileSet: a walker thread finds what is to be saved, encoder threads read and encode it, this class puts the batches into
 * the walker's order and hands them to the sink. Memory is bounded: the walker waits when encoders are behind, encoders wait when the
 * sink is.
 */
export class SaveTree {
  readonly progress: SaveProgress = { files: 0, bytes: 0, readBytes: 0, errors: 0, missing: 0, examined: 0, file: "" };
  readonly #options: SaveTreeOptions;
  readonly #threads: number;
  readonly #control: ThreadControl;
  readonly #encoders: { readonly worker: Worker; readonly buffers: MessagePort; busy: number }[] = [];
  readonly #waiting: { readonly list: EntryList; readonly isLastTry: boolean }[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #retries: Retry[] = [];
  #walker: Worker | undefined;
  #walk: WalkCounts | undefined;
  #deleted: readonly string[] = [];
  #dispatched = 0;
  #head = 0;
  #isPumping = false;
  #retryState: "none" | "waiting" | "done" = "none";
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #end = Promise.withResolvers<void>();

  constructor(options: SaveTreeOptions) {
    this.#options = options;
    this.#threads = options.threads ?? Math.min(4, Math.max(2, availableParallelism()));
    this.#control = new ThreadControl(undefined, 1 + this.#threads);
  }

  /** Runs to the end. Rejects when canceled, when the sink fails, or when a list of names cannot be had. */
  async run(): Promise<SaveResultOfTree> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    const onAbort = (): void => this.#fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#startThreads();
      await this.#end.promise;
      const { files, bytes, readBytes, errors, missing } = this.progress;
      const lastFileIndex = this.#walk!.found + this.#retries.length;
      return { files, bytes, readBytes, errors, missing, walk: this.#walk!, deleted: this.#deleted, lastFileIndex };
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#retryTimer);
      this.#control.cancel();
      for (const { buffers } of this.#encoders) buffers.close();
      await Promise.all(
        [this.#walker, ...this.#encoders.map((encoder) => encoder.worker)].map(
          async (worker) => worker && (await endThread(worker)),
        ),
      );
    }
  }

  #startThreads(): void {
    const { fileset, sinceNs, accurate, allowCompression } = this.#options;
    const options = compileFileSet(fileset).optionsTable.map((entry) => saveOptions(entry, allowCompression));
    for (let number = 0; number < this.#threads; number++) {
      const { port1, port2 } = new MessageChannel();
      const start: EncoderStart = { control: this.#control.shared, producer: 1 + number, options, buffers: port2 };
      const worker = this.#start(new URL("./encoder-thread.ts", import.meta.url), start, HEAP_MIB.encoder, [port2]);
      worker.on("message", (message: FromEncoder) => this.#fromEncoder(number, message));
      this.#encoders.push({ worker, buffers: port1, busy: 0 });
    }
    const start: WalkerStart = { control: this.#control.shared, producer: 0, fileset, sinceNs, accurate };
    this.#walker = this.#start(new URL("../walk/walker-thread.ts", import.meta.url), start, HEAP_MIB.walker);
    this.#walker.on("message", (message: FromWalker) => this.#fromWalker(message));
  }

  #start(url: URL, workerData: unknown, heapMib: number, transferList: MessagePort[] = []): Worker {
    const worker = new Worker(url, {
      workerData,
      transferList,
      resourceLimits: { maxOldGenerationSizeMb: heapMib, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    worker.on("error", (error) =>
      this.#fail(new OperatorError("WORKER_FAILED", "a thread of the file daemon ended unexpectedly", { cause: error })),
    );
    return worker;
  }

  #fromWalker(message: FromWalker): void {
    switch (message.kind) {
      case "list":
        this.progress.examined = message.examined;
        this.#waiting.push({ list: message.list, isLastTry: false });
        this.#dispatch();
        break;
      case "note":
        if (message.note === "notSaved") this.progress.errors++;
        this.#options.note(message.note, message.text);
        break;
      case "end":
        this.#walk = message.counts;
        this.#deleted = message.deleted;
        this.progress.examined = message.counts.examined;
        this.#checkEnd();
        break;
      case "failed":
        this.#fail(new OperatorError("LIST_FAILED", message.text));
        break;
    }
  }

  /** Gives waiting lists to encoders; each has one in hand and one in store. */
  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const encoder = this.#encoders.reduce((least, other) => (other.busy < least.busy ? other : least));
      if (encoder.busy >= 2) return;
      const { list, isLastTry } = this.#waiting.shift()!;
      const ordinal = this.#dispatched++;
      this.#pending.set(ordinal, { batches: [], isDone: false });
      encoder.busy++;
      encoder.worker.postMessage({ ordinal, list, isLastTry } satisfies ToEncoder, buffersOf(list));
      if (!isLastTry) this.#control.consumed(0, 1);
    }
  }

  #fromEncoder(number: number, message: FromEncoder): void {
    switch (message.kind) {
      case "batch":
        this.#pending.get(message.ordinal)?.batches.push({ batch: message.batch, encoder: number });
        void this.#pump();
        break;
      case "note":
        this.#options.note(message.note, message.text);
        break;
      case "done":
        this.#encoders[number]!.busy--;
        this.#account(message.counts, message.lastPath);
        for (const retry of message.retries) this.#addRetry(retry);
        this.#pending.get(message.ordinal)!.isDone = true;
        this.#dispatch();
        void this.#pump();
        break;
      case "failed":
        this.#fail(new OperatorError("WORKER_FAILED", `saving failed: ${message.text}`));
        break;
    }
  }

  #account(counts: SaveCounts, lastPath: string): void {
    const { progress } = this;
    progress.files += counts.files;
    progress.bytes += counts.bytes;
    progress.readBytes += counts.readBytes;
    progress.errors += counts.errors;
    progress.missing += counts.missing;
    if (lastPath !== "") progress.file = lastPath;
  }

  /** Sends what is next in order. One at a time; the sink's promise is the brake. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (let pending = this.#pending.get(this.#head); pending !== undefined; pending = this.#pending.get(this.#head)) {
        const next = pending.batches.shift();
        if (next !== undefined) {
          const bytes = next.batch.byteLength;
          const { buffers } = this.#encoders[next.encoder]!;
          const { buffer } = next.batch;
          await this.#options.sink.send(next.batch, () => buffers.postMessage(buffer, [buffer]));
          this.#control.consumed(1 + next.encoder, bytes);
        } else if (pending.isDone) {
          this.#pending.delete(this.#head++);
        } else break;
      }
      this.#checkEnd();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isPumping = false;
    }
  }

  #checkEnd(): void {
    if (this.#walk === undefined || this.#waiting.length > 0 || this.#pending.size > 0 || this.#retryState === "waiting")
      return;
    if (this.#retries.length === 0 || this.#retryState === "done") {
      this.#end.resolve();
      return;
    }
    this.#retryState = "waiting";
    this.#retryTimer = setTimeout(() => this.#retry(), this.#options.retryDelayMs ?? 2000);
  }

  #addRetry(retry: Retry): void {
    if (this.#retries.length < RETRIES_MAX) this.#retries.push(retry);
    else this.#lost(retry.path, "it was busy, and too many others were too");
  }

  /** Tries the files that were busy once more, at the end and under new FileIndexes [FD-15]. */
  #retry(): void {
    this.#retryState = "done";
    let builder = new EntryListBuilder();
    let fileIndex = this.#walk!.found;
    for (const { path, type, options } of this.#retries) {
      try {
        const stat = lstatSync(fsPath(path), { bigint: true });
        builder.add({ fileIndex: ++fileIndex, type, options, path, stat, link: "", linkFileIndex: 0 });
      } catch (error) {
        this.#lost(path, systemErrorText(error));
      }
      if (!builder.isFull) continue;
      this.#waiting.push({ list: builder.take(), isLastTry: true });
      builder = new EntryListBuilder();
    }
    if (builder.count > 0) this.#waiting.push({ list: builder.take(), isLastTry: true });
    this.#dispatch();
    this.#checkEnd();
  }

  #lost(path: string, why: string): void {
    this.progress.errors++;
    this.progress.missing++;
    this.#options.note("notSaved", `     Could not open "${shown(path)}": ERR=${why}`);
  }

  #fail(error: unknown): void {
    this.#control.cancel();
    this.#end.reject(error);
  }
}
