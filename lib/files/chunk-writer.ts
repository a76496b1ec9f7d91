import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import { writeAll } from "./write-all.ts";

const ADDRESS_BYTES = 8;
const SCRATCH_BYTES_FIRST = 768 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Pairs of numbers kept of where data is; a file with more holes is not read again to verify it. */
const RANGES_MAX = 200_000;

/** What became of one chunk: its bytes were written, or it is damaged and left out; `what` completes a sentence about it. */
export type WrittenChunk =
  | { readonly kind: "written"; readonly bytes: number }
  | { readonly kind: "damaged"; readonly address: number; readonly what: string };

/**
 * Writes chunks to their places in one file after the other, each checked against its SHA-256, and knows what of the file came. Keeps
 * one buffer for all chunks.
 */
export class ChunkWriter {
  #scratch = new Uint8Array(0);
  /** Starts and ends of the runs of data, joined where they touch. */
  #ranges: number[] = [];
  #end = 0;
  #isDense = true;

  /** Another file begins. */
  begin(): void {
    if (this.#ranges.length > 0) this.#ranges = [];
    this.#end = 0;
    this.#isDense = true;
  }

  /** Where the last chunk ended: the length of the file as far as it is known. */
  get end(): number {
    return this.#end;
  }

  /** True if chunks came. */
  get hasData(): boolean {
    return this.#end > 0;
  }

  /**
   * True if the chunks cover `size` bytes without a gap. Each was checked by SHA-256 when it was written, and the list of their identities
   * came under the checksums of the Volume's blocks: another digest over the same bytes would tell nothing more.
   */
  covers(size: number): boolean {
    return this.#isDense && this.#end === size;
  }

  /** Writes the chunk of a record of stream chunkData. Throws OperatorError for a record that is none, and what write(2) throws. */
  write(fd: number, record: Uint8Array): WrittenChunk {
    if (record.byteLength === ADDRESS_BYTES) {
      // The storage daemon could not read the chunk: it names the place, so that the file is not taken for whole.
      this.#isDense = false;
      const address = Number(Buffer.from(record.buffer, record.byteOffset, ADDRESS_BYTES).readBigUInt64BE());
      return { kind: "damaged", address, what: "nothing could be read at the storage daemon" };
    }
    const frame = new FrameCursor(record.subarray(Math.min(ADDRESS_BYTES, record.byteLength)));
    if (record.byteLength < ADDRESS_BYTES || !frame.next() || frame.end !== frame.bytes.byteLength)
      throw new OperatorError("DATA_INVALID", `a record of ${record.byteLength} bytes is not one chunk`);
    const view = new DataView(record.buffer, record.byteOffset, ADDRESS_BYTES);
    const address = view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
    if (!Number.isSafeInteger(address + frame.plainBytes) || address < this.#end)
      throw new OperatorError("DATA_INVALID", `a chunk for address ${address} comes behind one that ended at ${this.#end}`);
    if (frame.plainBytes > this.#scratch.byteLength)
      this.#scratch = new Uint8Array(Math.max(frame.plainBytes, SCRATCH_BYTES_FIRST));
    const expanded = expandChunk(frame, this.#scratch);
    if (expanded.kind === "damaged") {
      this.#isDense = false;
      return { kind: "damaged", address, what: expanded.what };
    }
    writeAll(fd, expanded.plain, address);
    this.#cover(address, frame.plainBytes);
    return { kind: "written", bytes: frame.plainBytes };
  }

  #cover(address: number, bytes: number): void {
    if (address !== this.#end) this.#isDense = false;
    // A dense file needs no list: its only run is from 0 to its end.
    if (!this.#isDense && this.#ranges.length <= RANGES_MAX) {
      if (this.#ranges.length === 0 && this.#end > 0) this.#ranges.push(0, this.#end);
      if (this.#ranges.length > 0 && this.#ranges.at(-1) === address) this.#ranges[this.#ranges.length - 1] = address + bytes;
      else this.#ranges.push(address, address + bytes);
    }
    this.#end = address + bytes;
  }

  /** The digest of the data that came, read again from the file, without its holes; undefined: there are too many to tell. */
  digest(fd: number, name: DigestName): Buffer | undefined {
    if (this.#ranges.length > RANGES_MAX) return undefined;
    const ranges = this.#ranges.length === 0 ? [0, this.#end] : this.#ranges;
    const hasher = createHash(name);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let range = 0; range < ranges.length; range += 2) {
      for (let at = ranges[range]!; at < ranges[range + 1]!;) {
        const read = readSync(fd, piece, 0, Math.min(piece.length, ranges[range + 1]! - at), at);
        if (read === 0) return undefined;
        hasher.update(piece.subarray(0, read));
        at += read;
      }
    }
    return hasher.digest();
  }
}
