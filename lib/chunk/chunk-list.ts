import { OperatorError } from "#lib/errors/operator-error.ts";
import { CHUNK_BYTES_MAX, CHUNK_ID_BYTES } from "./chunk-frame.ts";

/*
 * The record that stands for file data on Volumes with a store (stream 1600), big-endian as all records are:
 *   u64 address in the file of the first chunk, then for each chunk u32 bytes and 32 bytes identity.
 * The chunks follow each other without a gap; a hole in the file begins another record.
 */

/** Bytes before the first entry of a chunk list. */
export const LIST_HEADER_BYTES = 8;
/** Bytes of one entry. */
export const LIST_ENTRY_BYTES = 4 + CHUNK_ID_BYTES;
/** Most entries of one record, so that it fits into a batch. */
export const LIST_ENTRIES_MAX = 16_384;

/** Writes the address before the entries. */
export function putListAddress(record: Uint8Array, address: number): void {
  const view = new DataView(record.buffer, record.byteOffset, LIST_HEADER_BYTES);
  view.setUint32(0, Math.floor(address / 0x1_0000_0000));
  view.setUint32(4, address >>> 0);
}

/** Writes one entry at `at`. */
export function putListEntry(record: Uint8Array, at: number, plainBytes: number, id: Uint8Array): void {
  new DataView(record.buffer, record.byteOffset + at, 4).setUint32(0, plainBytes);
  record.set(id, at + 4);
}

/** Walks over the entries of a chunk list. Throws OperatorError CHUNK_LIST_INVALID for a record that is none. */
export class ListCursor {
  /** Address in the file of the chunk at hand, and its bytes. */
  address = 0;
  plainBytes = 0;
  readonly #record: Uint8Array;
  readonly #view: DataView;
  #at = LIST_HEADER_BYTES - LIST_ENTRY_BYTES;

  constructor(record: Uint8Array) {
    const entries = (record.byteLength - LIST_HEADER_BYTES) / LIST_ENTRY_BYTES;
    if (!Number.isInteger(entries) || entries < 1 || entries > LIST_ENTRIES_MAX)
      throw new OperatorError("CHUNK_LIST_INVALID", `a record of ${record.byteLength} bytes is no list of chunks`);
    this.#record = record;
    this.#view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    this.address = this.#view.getUint32(0) * 0x1_0000_0000 + this.#view.getUint32(4);
  }

  /** Entries of the list. */
  get count(): number {
    return (this.#record.byteLength - LIST_HEADER_BYTES) / LIST_ENTRY_BYTES;
  }

  /** Goes to the next entry; false at the end. */
  next(): boolean {
    const at = this.#at + LIST_ENTRY_BYTES;
    if (at >= this.#record.byteLength) return false;
    this.#at = at;
    this.address += this.plainBytes;
    this.plainBytes = this.#view.getUint32(at);
    if (this.plainBytes === 0 || this.plainBytes > CHUNK_BYTES_MAX || !Number.isSafeInteger(this.address + this.plainBytes))
      throw new OperatorError(
        "CHUNK_LIST_INVALID",
        `a list of chunks says ${this.plainBytes} bytes at address ${this.address} of a file`,
      );
    return true;
  }

  /** Identity of the chunk at hand: a view. */
  get id(): Uint8Array {
    return this.#record.subarray(this.#at + 4, this.#at + LIST_ENTRY_BYTES);
  }
}
