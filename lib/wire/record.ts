import { sharedBuffer } from "#lib/base/shared-buffer.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/*
 * The record is the currency between file daemon, storage daemon and Volume:
 *   [FileIndex i32][Stream i32][DataSize u32][data], big-endian, back to back.
 * A batch is a run of whole records. docs/formats/volume.md describes how the same records lie in the blocks of a Volume.
 */

/** Bytes before the data of a record. Fixed for ever: Volumes of past years are read with it. */
export const RECORD_HEADER_BYTES = 12;

/** Most bytes of data in one record of a batch. */
export const RECORD_DATA_BYTES_MAX = 16 * 1024 * 1024;

/** Most bytes of a batch that holds more than one record. A single longer record (up to RECORD_DATA_BYTES_MAX) is a batch by itself. */
export const BATCH_BYTES_MAX = 1024 * 1024;

/** Bytes that a BatchBuilder leaves free in front, so that a message tag and length can be put there without a copy. */
export const BATCH_HEADROOM_BYTES = 16;

/** Buffers that a BatchBuilder keeps for batches to come, unless it is said otherwise. */
const SPARES_MAX = 32;

/** One record of a batch. `data` is a view into the batch, valid as long as the batch is. */
export interface WireRecord {
  readonly fileIndex: number;
  readonly stream: number;
  readonly data: Uint8Array;
}

/** The three numbers before a record's data. */
export interface RecordHeader {
  readonly fileIndex: number;
  readonly stream: number;
  readonly dataSize: number;
}

/** Reads the header at `offset`. The caller has checked that RECORD_HEADER_BYTES are there. */
export function readRecordHeader(view: DataView, offset: number): RecordHeader {
  return { fileIndex: view.getInt32(offset), stream: view.getInt32(offset + 4), dataSize: view.getUint32(offset + 8) };
}

/** Writes a header at `offset`. The caller has checked that RECORD_HEADER_BYTES fit. */
export function writeRecordHeader(view: DataView, offset: number, header: RecordHeader): void {
  view.setInt32(offset, header.fileIndex);
  view.setInt32(offset + 4, header.stream);
  view.setUint32(offset + 8, header.dataSize);
}

/**
 * Walks over the records of a batch without making an object for each: after `next()` said true, the fields tell of the record at
 * hand. Every length is checked against the batch; a wrong one throws OperatorError BATCH_INVALID.
 */
export class BatchCursor {
  /** FileIndex of the record at hand. */
  fileIndex = 0;
  /** Stream of the record at hand. */
  stream = 0;
  /** Bytes of data of the record at hand. */
  dataSize = 0;
  /** Where the record at hand starts (its header), counted from the start of the batch. */
  start = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;

  constructor(batch: Uint8Array) {
    this.bytes = batch;
    this.#view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    if (batch.byteLength > RECORD_HEADER_BYTES + RECORD_DATA_BYTES_MAX) {
      throw invalid(`a batch of ${batch.byteLength} bytes is longer than the longest record may be`);
    }
  }

  /** Goes to the next record; false at the end of the batch. */
  next(): boolean {
    const start = this.#next;
    const left = this.bytes.byteLength - start;
    if (left === 0) return false;
    if (left < RECORD_HEADER_BYTES) throw invalid(`${left} bytes are left at byte ${start}, too few for a record header`);
    const dataSize = this.#view.getUint32(start + 8);
    if (dataSize > RECORD_DATA_BYTES_MAX)
      throw invalid(`the record at byte ${start} says ${dataSize} bytes of data; ${RECORD_DATA_BYTES_MAX} is the most`);
    const end = start + RECORD_HEADER_BYTES + dataSize;
    if (end > this.bytes.byteLength)
      throw invalid(`the record at byte ${start} says ${dataSize} bytes of data, but the batch ends before them`);
    if (end > BATCH_BYTES_MAX && start > 0) throw invalid(`a batch of several records is longer than ${BATCH_BYTES_MAX} bytes`);
    this.start = start;
    this.fileIndex = this.#view.getInt32(start);
    this.stream = this.#view.getInt32(start + 4);
    this.dataSize = dataSize;
    this.#next = end;
    return true;
  }

  /** Where the data of the record at hand ends, counted from the start of the batch. */
  get end(): number {
    return this.#next;
  }

  /** The data of the record at hand: a view, no copy. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.start + RECORD_HEADER_BYTES, this.#next);
  }
}

/** The records of a batch, in order. Throws OperatorError BATCH_INVALID at the first wrong length; takes no memory beyond the batch. */
export function* readBatch(batch: Uint8Array): Generator<WireRecord, void, undefined> {
  const cursor = new BatchCursor(batch);
  while (cursor.next()) yield { fileIndex: cursor.fileIndex, stream: cursor.stream, data: cursor.data };
}

/**
 * Collects records into one buffer that can be sent or transferred to another thread. Not to be used again between `take()` and
 * the next append of anything: take() hands the buffer over and the builder starts a new one.
 */
export class BatchBuilder {
  readonly #capacity: number;
  readonly #headroom: number;
  readonly #isShared: boolean;
  /** Made when the first record comes. */
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #end: number;
  #reservedData = -1;
  readonly #spare: ArrayBuffer[];
  readonly #sparesMax: number;

  /**
   * `capacityBytes` is what a fresh buffer holds (default a full batch); it grows when a single record needs more. `isShared`: buffers are
   * shared memory, for batches that go to another thread and come back by `recycle`. `spare`: the buffers that came back, when several
   * builders of one thread are to use them; `sparesMax`: most that are kept.
   */
  constructor(
    options: {
      readonly capacityBytes?: number;
      readonly headroomBytes?: number;
      readonly isShared?: boolean;
      readonly spare?: ArrayBuffer[];
      readonly sparesMax?: number;
    } = {},
  ) {
    this.#capacity = options.capacityBytes ?? BATCH_BYTES_MAX;
    this.#headroom = options.headroomBytes ?? BATCH_HEADROOM_BYTES;
    this.#isShared = options.isShared ?? false;
    this.#spare = options.spare ?? [];
    this.#sparesMax = options.sparesMax ?? SPARES_MAX;
    this.#end = this.#headroom;
  }

  /** Bytes of records so far. */
  get length(): number {
    return this.#end - this.#headroom;
  }

  /** Whether a record of so many data bytes may still join this batch: always when the batch is empty. */
  fits(dataBytes: number): boolean {
    return this.length === 0 || this.length + RECORD_HEADER_BYTES + dataBytes <= BATCH_BYTES_MAX;
  }

  /** Adds a record, copying its data. Throws RangeError when it does not fit; ask `fits` before. */
  append(fileIndex: number, stream: number, data: Uint8Array): void {
    this.reserve(fileIndex, stream, data.byteLength).set(data);
    this.commit(data.byteLength);
  }

  /**
   * Begins a record whose data is not longer than `dataBytesMax` and gives the place to write it to, e.g. for a read(2) straight into
   * the batch. `commit` ends it; without commit the record is as if never begun.
   */
  reserve(fileIndex: number, stream: number, dataBytesMax: number): Uint8Array<ArrayBuffer> {
    if (dataBytesMax > RECORD_DATA_BYTES_MAX || !this.fits(dataBytesMax)) {
      throw new RangeError(`a record of ${dataBytesMax} bytes does not fit behind ${this.length} bytes of a batch`);
    }
    const start = this.#end;
    this.#makeRoom(start + RECORD_HEADER_BYTES + dataBytesMax);
    writeRecordHeader(this.#view, start, { fileIndex, stream, dataSize: 0 });
    this.#reservedData = start + RECORD_HEADER_BYTES;
    return this.#bytes.subarray(this.#reservedData, this.#reservedData + dataBytesMax);
  }

  /** Ends the record begun by `reserve`: its data are the first `dataBytes` of the place given. */
  commit(dataBytes: number): void {
    const data = this.#reservedData;
    if (data < 0) throw new RangeError("commit without reserve");
    if (data + dataBytes > this.#bytes.byteLength)
      throw new RangeError(`commit of ${dataBytes} bytes exceeds what was reserved`);
    this.#view.setUint32(data - 4, dataBytes);
    this.#end = data + dataBytes;
    this.#reservedData = -1;
  }

  /**
   * Hands the batch over: a view whose `byteOffset` is the headroom and whose `buffer` may go to another thread. Empty when nothing was
   * appended. The builder goes on with a new buffer.
   */
  take(): Uint8Array<ArrayBuffer> {
    const batch = this.#bytes.subarray(this.#headroom, this.#end);
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#end = this.#headroom;
    this.#reservedData = -1;
    return batch;
  }

  /**
   * Takes back a buffer that came from `take()` and that nobody uses any more: garbage at the rate of the data costs more than making
   * the batches does. Buffers of another than the usual length are let go, and those that are too many: then it answers false.
   */
  recycle(buffer: ArrayBuffer): boolean {
    const isTaken = buffer.byteLength === this.#headroom + this.#capacity && this.#spare.length < this.#sparesMax;
    if (isTaken) this.#spare.push(buffer);
    return isTaken;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#bytes.byteLength) return;
    if (this.#bytes.byteLength === 0 && bytes <= this.#headroom + this.#capacity) {
      const spare = this.#spare.pop();
      if (spare !== undefined) {
        this.#bytes = new Uint8Array(spare);
        this.#view = new DataView(spare);
        return;
      }
    }
    const doubled = Math.min(this.#bytes.byteLength * 2, this.#headroom + BATCH_BYTES_MAX);
    const wanted = Math.max(bytes, doubled, this.#headroom + this.#capacity);
    // Not zeroed: every byte that leaves has been written by a record (the headroom stays here or becomes a frame).
    const larger = this.#isShared ? new Uint8Array(sharedBuffer(wanted)) : Buffer.allocUnsafeSlow(wanted);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function invalid(text: string): OperatorError {
  return new OperatorError("BATCH_INVALID", `invalid batch of records: ${text}`, {
    hint: "the peer is damaged or hostile, or of another version",
  });
}
