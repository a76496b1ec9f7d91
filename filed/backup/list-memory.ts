import { streamKind } from "#lib/streams/stream-type.ts";
import type { EntryList } from "#filed/walk/entry.ts";
import { REMEMBERED_BYTES_MAX } from "./remembered.ts";
import type { SavedList } from "./remembered.ts";

const FIRST_BYTES = 256 * 1024;
/** A buffer that grew beyond this is let go. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;

/** Collects what is to be remembered of the entries of one list while they are saved. For one thread. */
export class ListMemory {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;
  #start = 0;
  #isWhole = true;
  #ends: number[] = [];
  #reusable: number[] = [];

  /** Takes a record of the entry at hand, header and all. */
  wrote(record: Uint8Array): void {
    const kind = streamKind(new DataView(record.buffer, record.byteOffset).getInt32(4)).kind;
    if (kind === "attributes" || !this.#isWhole) return;
    const end = this.#end + record.byteLength;
    // File data that is not in the store cannot be remembered.
    if (kind === "data" || end - this.#start > REMEMBERED_BYTES_MAX) {
      this.#isWhole = false;
      this.#end = this.#start;
      return;
    }
    this.#makeRoom(end);
    this.#bytes.set(record, this.#end);
    this.#bytes.writeInt32BE(0, this.#end);
    this.#end = end;
  }

  /** Ends the entry at hand. */
  endEntry(isReusable: boolean): void {
    this.#ends.push(this.#end);
    this.#reusable.push(isReusable && this.#isWhole ? 1 : 0);
    this.#start = this.#end;
    this.#isWhole = true;
  }

  /** What the list came to. Entries that were not saved any more, because the job was canceled, are not reusable. */
  take(list: EntryList): SavedList {
    while (this.#ends.length < list.count) this.endEntry(false);
    const saved: SavedList = {
      list,
      reusable: Uint8Array.from(this.#reusable),
      records: new Uint8Array(this.#bytes.subarray(0, this.#end)),
      ends: Uint32Array.from(this.#ends),
    };
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#ends = [];
    this.#reusable = [];
    this.#end = this.#start = 0;
    return saved;
  }

  #makeRoom(end: number): void {
    if (end <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, end));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}
