import { PACKED_HEADER_BYTES, PACKED_MAGIC, readPackedHeader } from "./packed-frame.ts";
import type { PackedFrame } from "./packed-frame.ts";

/** Reads the file from `address` on; fewer bytes only at its end. */
export type ReadFile = (into: Uint8Array, address: number) => number;

/** Bytes fetched in one read while headers are looked for. */
const WINDOW_BYTES = 64 * 1024;

/**
 * The frames of a packed Volume in the order of their logical addresses, found by going from header to header. Where a header is
 * damaged the next sound one is searched; what lay between is a gap. A frame voids all earlier frames from its logical start on.
 */
export class PackedIndex {
  readonly #frames: PackedFrame[] = [];
  /** Of the file's frames; undefined before the first. */
  tag: bigint | undefined;

  /** Finds the frames of a file of `bytes` bytes. A last frame that is not whole is none. */
  static scan(read: ReadFile, bytes: number): PackedIndex {
    const index = new PackedIndex();
    const window = new Window(read, bytes);
    let isLost = false;
    for (let at = 0; at + PACKED_HEADER_BYTES <= bytes;) {
      const frame = window.frameAt(at);
      if (frame === undefined || frame.payloadAt + frame.packedBytes > bytes || !index.#fits(frame, isLost)) {
        isLost = true;
        at = window.nextMagic(at + 1);
        continue;
      }
      index.add(frame);
      isLost = false;
      at = frame.payloadAt + frame.packedBytes;
    }
    return index;
  }

  /** Logical end: where the next frame starts. */
  get end(): number {
    const last = this.#frames.at(-1);
    return last === undefined ? 0 : last.start + last.plainBytes;
  }

  /** Where in the file the last frame ends. What lies behind it was never finished. */
  get fileEnd(): number {
    const last = this.#frames.at(-1);
    return last === undefined ? 0 : last.payloadAt + last.packedBytes;
  }

  get last(): PackedFrame | undefined {
    return this.#frames.at(-1);
  }

  /** Adds a frame; earlier ones from its start on are void. */
  add(frame: PackedFrame): void {
    this.cut(frame.start);
    this.tag = frame.tag;
    this.#frames.push(frame);
  }

  /** Whether it is of this file. After a damaged stretch nothing may be voided any more. */
  #fits(frame: PackedFrame, isLost: boolean): boolean {
    return frame.tag === (this.tag ?? frame.tag) && (!isLost || frame.start >= this.end);
  }

  /** Forgets the frames that begin at `address` or behind it. */
  cut(address: number): void {
    let last = this.#frames.at(-1);
    while (last !== undefined && last.start >= address) {
      this.#frames.pop();
      last = this.#frames.at(-1);
    }
  }

  /** The last frame that begins at `address` or before it, and the one behind; either may be missing. */
  around(address: number): { readonly at: PackedFrame | undefined; readonly next: PackedFrame | undefined } {
    let low = 0;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frames[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return { at: this.#frames[low - 1], next: this.#frames[low] };
  }
}

/** A stretch of the file at hand, so that small frames do not cost a read each. */
class Window {
  readonly #read: ReadFile;
  readonly #fileBytes: number;
  readonly #bytes = Buffer.alloc(WINDOW_BYTES);
  #address = 0;
  #filled = 0;

  constructor(read: ReadFile, fileBytes: number) {
    this.#read = read;
    this.#fileBytes = fileBytes;
  }

  frameAt(address: number): PackedFrame | undefined {
    this.#reach(address);
    return readPackedHeader(this.#bytes.subarray(0, this.#filled), address - this.#address, address);
  }

  /** Address of the next place from `from` on where a header may stand; the file's size if there is none. */
  nextMagic(from: number): number {
    for (let at = from; at + PACKED_HEADER_BYTES <= this.#fileBytes;) {
      this.#reach(at);
      const found = this.#bytes.subarray(0, this.#filled).indexOf(PACKED_MAGIC, at - this.#address);
      if (found >= 0) return this.#address + found;
      // The magic may lie across the window's end.
      at = Math.max(at + 1, this.#address + this.#filled - PACKED_MAGIC.byteLength + 1);
    }
    return this.#fileBytes;
  }

  #reach(address: number): void {
    const offset = address - this.#address;
    if (offset >= 0 && offset + PACKED_HEADER_BYTES <= this.#filled) return;
    this.#filled = this.#read(this.#bytes, address);
    this.#address = address;
  }
}
