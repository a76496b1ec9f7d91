import { BatchCursor } from "#lib/wire/record.ts";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { ListCursor } from "#lib/chunk/chunk-list.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { STREAM_TYPE_MASK, streamType } from "#lib/streams/stream-type.ts";
import type { ReadItem } from "../volume/volume-reader.ts";
import type { SessionKey } from "../volume/block.ts";

/** A window ends when its chunks and records are so long in all, chunks before compression, or when it has so many chunks. */
const WINDOW_BYTES = 8 * 1024 * 1024;
const WINDOW_CHUNKS = 4096;

/** A chunk that a list names. */
export interface ListedChunk {
  readonly fileIndex: number;
  /** In the file. */
  readonly address: number;
  readonly plainBytes: number;
}

/** What a window consists of, in order. */
export type WindowStep =
  | { readonly kind: "item"; readonly item: ReadItem }
  /** A record that is no list; its data is a view. */
  | { readonly kind: "record"; readonly fileIndex: number; readonly stream: number; readonly data: Uint8Array }
  | { readonly kind: "chunk"; readonly chunk: ListedChunk };

/** A stretch of one session. */
export interface ListWindow {
  readonly session: SessionKey;
  readonly jobId: number;
  readonly steps: readonly WindowStep[];
  /** Identities of its chunks, in order. */
  readonly ids: Uint8Array;
  /** Lists that cannot be read, one line each. */
  readonly damages: readonly string[];
  /** Buffers of batches that are used up when the window is. */
  readonly used: readonly ArrayBuffer[];
}

/** Takes batches apart into windows of about 8 MiB. Batches without a list are not looked into. */
export class ListWindows {
  readonly #pending: ReadItem[] = [];
  /** The batch that is being taken apart, and the list in it. */
  #batch: BatchCursor | undefined;
  #list: { readonly entries: ListCursor; readonly fileIndex: number } | undefined;
  #session: SessionKey = { id: 0, time: 0 };
  #jobId = 0;
  /** Of the window that is being filled. */
  #steps: WindowStep[] = [];
  #ids = Buffer.alloc(0);
  #chunks = 0;
  #bytes = 0;
  #damages: string[] = [];
  #used: ArrayBuffer[] = [];

  /** Adds what was read from a Volume. */
  add(items: readonly ReadItem[]): void {
    this.#pending.push(...items);
  }

  /** Whether nothing waits any more. */
  get isEmpty(): boolean {
    return this.#pending.length === 0 && this.#batch === undefined;
  }

  /** The next window; empty when nothing waits. */
  next(): ListWindow {
    this.#steps = [];
    this.#ids = Buffer.alloc(64 * CHUNK_ID_BYTES);
    this.#chunks = 0;
    this.#bytes = 0;
    this.#damages = [];
    this.#used = [];
    while (this.#bytes < WINDOW_BYTES && this.#chunks < WINDOW_CHUNKS && this.#step()) continue;
    return {
      session: this.#session,
      jobId: this.#jobId,
      steps: this.#steps,
      ids: this.#ids.subarray(0, this.#chunks * CHUNK_ID_BYTES),
      damages: this.#damages,
      used: this.#used,
    };
  }

  /** Goes on by an entry, a record or an item; false when the window cannot grow. */
  #step(): boolean {
    if (this.#list !== undefined) this.#nextEntry(this.#list);
    else if (this.#batch !== undefined) this.#nextRecord(this.#batch);
    else return this.#nextItem();
    return true;
  }

  #nextItem(): boolean {
    const item = this.#pending[0];
    // A window is of one session, so that one question tells where its chunks lie.
    if (item === undefined || (item.kind === "session" && this.#steps.length > 0)) return false;
    this.#pending.shift();
    if (item.kind === "session") {
      this.#session = item.session;
      this.#jobId = item.jobId;
    } else if (hasList(item.batch)) {
      this.#batch = new BatchCursor(item.batch);
      return true;
    } else this.#bytes += item.batch.byteLength;
    this.#steps.push({ kind: "item", item });
    return true;
  }

  #nextRecord(batch: BatchCursor): void {
    if (!batch.next()) {
      this.#batch = undefined;
      this.#used.push(batch.bytes.buffer as ArrayBuffer);
      return;
    }
    const { fileIndex, stream, data } = batch;
    if (isList(stream)) this.#tryList(fileIndex, () => (this.#list = { entries: new ListCursor(data), fileIndex }));
    else {
      this.#bytes += data.byteLength;
      this.#steps.push({ kind: "record", fileIndex, stream, data });
    }
  }

  #nextEntry({ entries, fileIndex }: { readonly entries: ListCursor; readonly fileIndex: number }): void {
    this.#list = undefined;
    this.#tryList(fileIndex, () => {
      if (!entries.next()) return;
      this.#list = { entries, fileIndex };
      const { address, plainBytes } = entries;
      if (this.#ids.byteLength === this.#chunks * CHUNK_ID_BYTES)
        this.#ids = Buffer.concat([this.#ids, Buffer.alloc(this.#ids.byteLength)]);
      this.#ids.set(entries.id, this.#chunks * CHUNK_ID_BYTES);
      this.#chunks += 1;
      this.#bytes += plainBytes;
      this.#steps.push({ kind: "chunk", chunk: { fileIndex, address, plainBytes } });
    });
  }

  /** A list that is broken is damage, and what is left of it is passed over. */
  #tryList(fileIndex: number, take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#damages.push(`JobId ${this.#jobId}, FileIndex ${fileIndex}: ${error.message}`);
    }
  }
}

function isList(stream: number): boolean {
  return (stream & STREAM_TYPE_MASK) === streamType.chunkList;
}

function hasList(batch: Uint8Array): boolean {
  const cursor = new BatchCursor(batch);
  while (cursor.next()) if (isList(cursor.stream)) return true;
  return false;
}
