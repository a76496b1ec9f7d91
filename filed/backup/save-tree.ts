import { lstatSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { FileSet } from "#proto/fileset.ts";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { endThread } from "#lib/platform/end-thread.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { EntryListBuilder } from "#filed/walk/entry.ts";
import type { EntryList } from "#filed/walk/entry.ts";
import type { WalkCounts } from "#filed/walk/walker.ts";
import { noChunks } from "./chunk-counts.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import { EncoderPool } from "./encoder-pool.ts";
import { OrderedLists } from "./ordered-lists.ts";
import type { SaveCounts } from "./save-file.ts";
import { saveOptions } from "./save-options.ts";
import type { BatchSink, SaveStore } from "./sinks.ts";
import { ThreadControl } from "./thread-control.ts";
import type { AccurateTable, FromEncoder, FromWalker, Retry, WalkerStart } from "./thread-messages.ts";

export interface SaveTreeOptions {
  readonly fileset: FileSet;
  readonly sinceNs: bigint;
  readonly accurate?: AccurateTable | undefined;
  readonly allowCompression: boolean;
  /** From so many bytes on no further file is saved (SaveResultOfTree.walk.isCut); absent or 0: no limit. */
  readonly bytesMax?: number;
  readonly sink: BatchSink;
  /** Absent: file data goes into the batches. */
  readonly store?: SaveStore | undefined;
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
/** V8 heap bounds of the walker, MiB. */
const WALKER_HEAP_MIB = 512;
const WALKER_YOUNG_MIB = 8;

/**
 * Saves a FileSet: a walker thread finds what is to be saved, encoder threads read and encode it, this class puts the batches into
 * the walker's order and hands them to the sink. Memory is bounded: the walker waits when encoders are behind, encoders wait when the
 * sink is.
 */
export class SaveTree {
  readonly progress: SaveProgress = { files: 0, bytes: 0, readBytes: 0, errors: 0, missing: 0, examined: 0, file: "" };
  /** What became of the data that was cut into chunks. */
  readonly chunks: ChunkCounts = noChunks();
  readonly #options: SaveTreeOptions;
  readonly #threads: number;
  readonly #control: ThreadControl;
  #encoders: EncoderPool | undefined;
  readonly #waiting: { readonly list: EntryList; readonly isLastTry: boolean }[] = [];
  readonly #lists: OrderedLists;
  readonly #retries: Retry[] = [];
  #walker: Worker | undefined;
  #walk: WalkCounts | undefined;
  #deleted: readonly string[] = [];
  #dispatched = 0;
  #retryState: "none" | "waiting" | "done" = "none";
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #end = Promise.withResolvers<void>();

  constructor(options: SaveTreeOptions) {
    this.#options = options;
    this.#threads = options.threads ?? Math.min(4, Math.max(2, availableParallelism()));
    this.#control = new ThreadControl(undefined, 1 + this.#threads);
    this.#lists = new OrderedLists({
      send: (batch, encoder) => this.#send(batch, encoder),
      remember: (saved) => options.store?.remember?.add(saved),
      wentOn: () => this.#checkEnd(),
      fail: (error) => this.#fail(error),
    });
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
      await Promise.all([this.#encoders?.end(), this.#walker && endThread(this.#walker)]);
    }
  }

  #startThreads(): void {
    const { fileset, sinceNs, accurate, allowCompression, store } = this.#options;
    this.#encoders = new EncoderPool({
      threads: this.#threads,
      control: this.#control,
      options: compileFileSet(fileset).optionsTable.map((entry) => saveOptions(entry, allowCompression)),
      store: store && { bounds: store.bounds, level: store.level, isRemembering: store.remember !== undefined },
      onMessage: (number, message) => this.#fromEncoder(number, message),
      onError: (error) => this.#lostThread(error),
    });
    const start: WalkerStart = {
      control: this.#control.shared,
      producer: 0,
      fileset,
      sinceNs,
      accurate,
      remembered: store?.memory,
      bytesMax: this.#options.bytesMax ?? 0,
    };
    this.#walker = new Worker(new URL("../walk/walker-thread.ts", import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: WALKER_HEAP_MIB, maxYoungGenerationSizeMb: WALKER_YOUNG_MIB },
    });
    this.#walker.on("error", (error) => this.#lostThread(error));
    this.#walker.on("message", (message: FromWalker) => this.#fromWalker(message));
  }

  #lostThread(error: unknown): void {
    this.#fail(new OperatorError("WORKER_FAILED", "a thread of the file daemon ended unexpectedly", { cause: error }));
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

  /** Gives waiting lists to encoders. */
  #dispatch(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const ordinal = this.#dispatched;
      if (this.#encoders?.give(first.list, ordinal, first.isLastTry) !== true) return;
      this.#waiting.shift();
      this.#dispatched++;
      this.#lists.begin(ordinal);
      if (!first.isLastTry) this.#control.consumed(0, 1);
    }
  }

  #fromEncoder(number: number, message: FromEncoder): void {
    switch (message.kind) {
      case "batch":
        this.#lists.add(message.ordinal, message.batch, number);
        break;
      case "ask":
        void this.#ask(number, message.ids);
        break;
      case "chunks":
        void this.#sendChunks(number, message.run);
        break;
      case "counts":
        for (const key of Object.keys(message.chunks) as (keyof ChunkCounts)[]) this.chunks[key] += message.chunks[key];
        break;
      case "note":
        this.#options.note(message.note, message.text);
        break;
      case "done":
        this.#encoders!.done(number);
        this.#account(message.counts, message.lastPath);
        for (const retry of message.retries) this.#addRetry(retry);
        this.#dispatch();
        this.#lists.done(message.ordinal, message.saved);
        break;
      case "failed":
        this.#fail(new OperatorError("WORKER_FAILED", `saving failed: ${message.text}`));
        break;
    }
  }

  async #send(batch: Uint8Array<ArrayBuffer>, encoder: number): Promise<void> {
    const bytes = batch.byteLength;
    const { buffer } = batch;
    await this.#options.sink.send(batch, () => this.#encoders!.giveBack(encoder, buffer));
    this.#encoders!.consumed(encoder, bytes);
  }

  async #ask(encoder: number, ids: Uint8Array): Promise<void> {
    try {
      this.#encoders!.answer(encoder, await this.#options.store!.sink.ask(ids));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Chunks do not wait for the order of the lists: they only have to be sent before the batches that name them. */
  async #sendChunks(encoder: number, run: Uint8Array<ArrayBuffer>): Promise<void> {
    const bytes = run.byteLength;
    const { buffer } = run;
    try {
      await this.#options.store!.sink.sendChunks(run, () => this.#encoders!.giveBack(encoder, buffer));
      this.#encoders!.consumed(encoder, bytes);
    } catch (error) {
      this.#fail(error);
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

  #checkEnd(): void {
    if (this.#walk === undefined || this.#waiting.length > 0 || !this.#lists.isEmpty || this.#retryState === "waiting") return;
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
