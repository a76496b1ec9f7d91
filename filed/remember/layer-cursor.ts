import type { BigIntStats } from "node:fs";
import { RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import {
  columnsOf,
  COLUMN_BYTES,
  FLAG_REUSABLE,
  PATH_BYTES_MAX,
  PAYLOAD_HEADER_BYTES,
  SHARED_BLOCK_BYTES_MAX,
  STAT_COLUMNS,
} from "./layer-format.ts";
import type { Columns } from "./layer-format.ts";
import { LayerUnusable } from "./layer-file.ts";
import type { BlockPlace, LayerFile } from "./layer-file.ts";
import { compareBytesInWalkOrder, compareToPath } from "./walk-order.ts";

const FIRST_BYTES = 512 * 1024;

/**
 * Goes through the entries of one layer in the order of the walk, with one block in memory. Methods that read throw LayerUnusable when
 * they meet damage; what was answered before was right.
 */
export class LayerCursor implements Disposable {
  /** Root of the entry at hand. */
  root = -1;
  readonly #file: LayerFile;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #place: BlockPlace = { position: 0, payloadBytes: 0 };
  /** False: only the head of the block was read, and nothing of it is sure yet. */
  #isWhole = true;
  #count = 0;
  #row = 0;
  #columns: Columns = columnsOf(0);
  #pathsBytes = 0;
  #pathStart = 0;
  #pathEnd = 0;

  constructor(file: LayerFile) {
    this.#file = file;
  }

  /** Goes to the next entry; false at the end. */
  next(): boolean {
    if (++this.#row >= this.#count && !this.#nextBlock()) return false;
    const row = this.#row;
    const { pathEnds, paths, roots } = this.#columns;
    const start = row === 0 ? 0 : this.#view.getUint32(pathEnds + 4 * (row - 1), true);
    const end = this.#view.getUint32(pathEnds + 4 * row, true);
    if (start > end || end > this.#pathsBytes || end - start > PATH_BYTES_MAX)
      throw new LayerUnusable("a path in it is damaged");
    this.#pathStart = paths + start;
    this.#pathEnd = paths + end;
    this.root = this.#view.getUint32(roots + 4 * row, true);
    return true;
  }

  #nextBlock(): boolean {
    const place = this.#file.next();
    if (place === undefined) return false;
    this.#place = place;
    this.#isWhole = place.payloadBytes <= SHARED_BLOCK_BYTES_MAX;
    if (this.#isWhole) this.#read();
    else {
      const head = Math.min(place.payloadBytes, PAYLOAD_HEADER_BYTES + COLUMN_BYTES + PATH_BYTES_MAX);
      this.#room(head);
      this.#file.peek(place, this.#bytes.subarray(0, head));
    }
    this.#count = this.#view.getUint32(0, true);
    this.#pathsBytes = this.#view.getUint32(4, true);
    this.#row = 0;
    this.#columns = columnsOf(this.#count);
    const isLone = this.#isWhole || (this.#count === 1 && this.#pathsBytes <= PATH_BYTES_MAX);
    if (this.#count === 0 || !isLone || this.#columns.paths + this.#pathsBytes > place.payloadBytes)
      throw new LayerUnusable("a block in it is damaged");
    return true;
  }

  #read(): void {
    this.#room(this.#place.payloadBytes);
    this.#file.read(this.#place, this.#bytes);
    this.#isWhole = true;
  }

  /** A buffer that a huge entry needed is not kept for the small ones. */
  #room(bytes: number): void {
    const isTooLarge = this.#bytes.byteLength > SHARED_BLOCK_BYTES_MAX && bytes <= SHARED_BLOCK_BYTES_MAX;
    if (bytes <= this.#bytes.byteLength && !isTooLarge) return;
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(bytes, FIRST_BYTES));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The place of the entry at hand in the walk, against that of a path; below 0: it comes before. */
  compare(root: number, path: string): number {
    return this.root === root ? compareToPath(this.#bytes, this.#pathStart, this.#pathEnd, path) : this.root - root;
  }

  /** The same against another layer's entry at hand. */
  compareTo(other: LayerCursor): number {
    if (this.root !== other.root) return this.root - other.root;
    return compareBytesInWalkOrder(this.#path, other.#path);
  }

  get #path(): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
    return { bytes: this.#bytes, start: this.#pathStart, end: this.#pathEnd };
  }

  /** Makes sure of the entry at hand before it is used: reads and checks its block if that was put off. */
  check(): void {
    if (!this.#isWhole) this.#read();
  }

  /** fileType of the entry at hand. */
  get type(): number {
    return this.#bytes[this.#columns.types + this.#row]!;
  }

  /** Number of its options in the description. */
  get options(): number {
    return this.#view.getUint16(this.#columns.options + 2 * this.#row, true);
  }

  get isReusable(): boolean {
    return (this.#bytes[this.#columns.flags + this.#row]! & FLAG_REUSABLE) !== 0;
  }

  /** Whether the file was then as this stat says. */
  isSame(stat: BigIntStats): boolean {
    const at = this.#columns.stats + 8 * STAT_COLUMNS * this.#row;
    return (
      this.#view.getBigInt64(at + 32, true) === stat.ctimeNs &&
      this.#view.getBigInt64(at + 24, true) === stat.mtimeNs &&
      this.#view.getBigInt64(at + 16, true) === stat.size &&
      this.#view.getBigInt64(at + 8, true) === BigInt.asIntN(64, stat.ino) &&
      this.#view.getBigInt64(at, true) === BigInt.asIntN(64, stat.dev)
    );
  }

  /** Its records: a view, valid until `next`. Throws LayerUnusable if they are no run of records. */
  get records(): Uint8Array {
    const { recordEnds, paths } = this.#columns;
    const row = this.#row;
    const base = paths + this.#pathsBytes;
    const start = row === 0 ? 0 : this.#view.getUint32(recordEnds + 4 * (row - 1), true);
    const end = this.#view.getUint32(recordEnds + 4 * row, true);
    if (start > end || end > this.#place.payloadBytes - base || !this.#isRun(base + start, base + end))
      throw new LayerUnusable("records in it are damaged");
    return this.#bytes.subarray(base + start, base + end);
  }

  #isRun(start: number, end: number): boolean {
    for (let at = start; at !== end;) {
      const left = end - at - RECORD_HEADER_BYTES;
      if (left < 0) return false;
      const bytes = this.#view.getUint32(at + RECORD_HEADER_BYTES - 4);
      if (this.#view.getInt32(at) !== 0 || bytes > left) return false;
      at += RECORD_HEADER_BYTES + bytes;
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
