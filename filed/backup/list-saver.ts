import { buffersOf, EntryCursor } from "#filed/walk/entry.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import type { ChunkStage } from "./chunk-stage.ts";
import { ChunkTools } from "./chunked-data.ts";
import { ListMemory } from "./list-memory.ts";
import { RecordWriter } from "./record-writer.ts";
import { FileSaver } from "./save-file.ts";
import type { SaveCounts, SaveNote } from "./save-file.ts";
import type { SaveOptions } from "./save-options.ts";
import type { ThreadControl } from "./thread-control.ts";
import type { FromEncoder, Retry, ToEncoder } from "./thread-messages.ts";

/** Saves lists of entries, one after the other, and says what came of each. For one thread. */
export class ListSaver {
  readonly #say: (message: FromEncoder, transfer: ArrayBuffer[], bytes: number) => void;
  readonly #control: ThreadControl;
  readonly #saver: FileSaver;
  readonly #writer: RecordWriter;
  readonly #memory: ListMemory | undefined;
  readonly #savedEntry: () => void;
  #ordinal = 0;

  constructor(parts: {
    options: readonly SaveOptions[];
    say: (message: FromEncoder, transfer: ArrayBuffer[], bytes: number) => void;
    note: SaveNote;
    control: ThreadControl;
    reuse: () => ArrayBuffer | undefined;
    chunks: { readonly stage: ChunkStage; readonly counts: ChunkCounts } | undefined;
    isRemembering: boolean;
    /** Called after each entry. */
    savedEntry: () => void;
  }) {
    this.#say = parts.say;
    this.#control = parts.control;
    const memory = (this.#memory = parts.isRemembering ? new ListMemory() : undefined);
    this.#savedEntry = parts.savedEntry;
    this.#writer = new RecordWriter({
      full: (batch) => {
        // Before posting: the transfer takes the buffer away.
        const bytes = batch.byteLength;
        this.#say({ kind: "batch", ordinal: this.#ordinal, batch }, [batch.buffer], bytes);
      },
      reuse: parts.reuse,
      ...(memory === undefined ? {} : { wrote: (record: Uint8Array) => memory.wrote(record) }),
    });
    this.#saver = new FileSaver({
      writer: this.#writer,
      options: parts.options,
      chunks: parts.chunks === undefined ? undefined : new ChunkTools(parts.chunks.stage, parts.chunks.counts),
      note: parts.note,
      isCanceled: () => this.#control.isCanceled,
      links: this.#control,
    });
  }

  /** Saves a list; what it came to is said behind its last batch. */
  save(message: ToEncoder): void {
    this.#ordinal = message.ordinal;
    const before = { ...this.#saver.counts };
    const cursor = new EntryCursor(message.list);
    const retries: Retry[] = [];
    let lastPath = "";
    while (!this.#control.isCanceled && cursor.next()) {
      const result = this.#saver.save(cursor, message.isLastTry);
      this.#memory?.endEntry(this.#saver.isSteady);
      if (result === "retry") retries.push({ path: cursor.path, type: cursor.type, options: cursor.options });
      else lastPath = cursor.path;
      this.#savedEntry();
    }
    this.#writer.flush();
    const saved = this.#memory?.take(message.list);
    const transfer =
      saved === undefined ? [] : [...buffersOf(saved.list), saved.reusable.buffer, saved.records.buffer, saved.ends.buffer];
    this.#say(
      {
        kind: "done",
        ordinal: message.ordinal,
        counts: difference(this.#saver.counts, before),
        saved: message.isLastTry ? undefined : saved,
        retries,
        lastPath,
      },
      message.isLastTry ? [] : transfer,
      0,
    );
  }
}

function difference(after: SaveCounts, before: SaveCounts): SaveCounts {
  return {
    files: after.files - before.files,
    bytes: after.bytes - before.bytes,
    readBytes: after.readBytes - before.readBytes,
    errors: after.errors - before.errors,
    missing: after.missing - before.missing,
  };
}
