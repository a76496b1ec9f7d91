import { sharedBuffer } from "#lib/base/shared-buffer.ts";
import { BATCH_BYTES_MAX, BATCH_HEADROOM_BYTES, RECORD_HEADER_BYTES, writeRecordHeader } from "#lib/wire/record.ts";

/** Bytes of the buffers that batches are built in. */
export const BATCH_BUFFER_BYTES = BATCH_HEADROOM_BYTES + BATCH_BYTES_MAX;

/** Where full batches go, and where buffers come from. */
export interface BatchPlace {
  /** Takes a batch over, buffer and all: a view with BATCH_HEADROOM_BYTES free before it. */
  full(batch: Uint8Array<ArrayBuffer>): void;
  /** A buffer of BATCH_BUFFER_BYTES that is used no more; undefined: there is none now. */
  reuse?(): ArrayBuffer | undefined;
  /** Sees each record that is written, header and all: a view. */
  wrote?(record: Uint8Array): void;
}

/**
 * Takes a batch that ends at `end` out of the buffer in which it was made, with its headroom. A batch that would leave half of its buffer
 * empty is copied and the buffer used again: a batch may wait long, and waiting batches are bounded by what is in them.
 */
export function takeFrom(
  bytes: Uint8Array<ArrayBuffer>,
  end: number,
): { readonly batch: Uint8Array<ArrayBuffer>; readonly rest: Uint8Array<ArrayBuffer> } {
  if (end < bytes.byteLength / 2) return { batch: bytes.slice(0, end).subarray(BATCH_HEADROOM_BYTES), rest: bytes };
  return { batch: bytes.subarray(BATCH_HEADROOM_BYTES, end), rest: new Uint8Array(0) };
}

/** Collects the records of files into batches. No record may be longer than a batch. */
export class RecordWriter {
  readonly #place: BatchPlace;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  constructor(place: BatchPlace) {
    this.#place = place;
  }

  /** Adds a record, copying its data. */
  append(fileIndex: number, stream: number, data: Uint8Array): void {
    this.reserve(fileIndex, stream, data.byteLength).set(data);
    this.commit(data.byteLength);
  }

  /**
   * Begins a record of at most `bytesMax` and gives the place for its data, e.g. for a read(2) straight into the batch; `commit` ends
   * it. Without commit it is as if never begun.
   */
  reserve(fileIndex: number, stream: number, bytesMax: number): Uint8Array<ArrayBuffer> {
    const needed = RECORD_HEADER_BYTES + bytesMax;
    if (needed > BATCH_BYTES_MAX) throw new RangeError(`a record of ${bytesMax} bytes is longer than a batch`);
    if (this.#end + needed > this.#bytes.byteLength) this.#begin();
    writeRecordHeader(this.#view, this.#end, { fileIndex, stream, dataSize: 0 });
    const start = this.#end + RECORD_HEADER_BYTES;
    return this.#bytes.subarray(start, start + bytesMax);
  }

  /** Ends the record begun by `reserve`, with so many bytes of data. */
  commit(bytes: number): void {
    const start = this.#end;
    this.#view.setUint32(start + RECORD_HEADER_BYTES - 4, bytes);
    this.#end += RECORD_HEADER_BYTES + bytes;
    this.#place.wrote?.(this.#bytes.subarray(start, this.#end));
  }

  /** Hands over what there is. */
  flush(): void {
    if (this.#end <= BATCH_HEADROOM_BYTES) return;
    const taken = takeFrom(this.#bytes, this.#end);
    this.#bytes = taken.rest;
    this.#end = taken.rest.byteLength === 0 ? 0 : BATCH_HEADROOM_BYTES;
    this.#place.full(taken.batch);
  }

  #begin(): void {
    this.flush();
    if (this.#bytes.byteLength > 0) return;
    const buffer = this.#place.reuse?.();
    this.#bytes = new Uint8Array(buffer ?? sharedBuffer(BATCH_BUFFER_BYTES));
    this.#view = new DataView(this.#bytes.buffer);
    this.#end = BATCH_HEADROOM_BYTES;
  }
}
