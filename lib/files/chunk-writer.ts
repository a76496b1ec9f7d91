import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import type { GatheredWrite } from "./gathered-write.ts";

const ADDRESS_BYTES = 8;
const PIECE_BYTES = 256 * 1024;
/** Pairs of numbers kept of where data is; a file with more holes is not read again to verify it. */
const RANGES_MAX = 200_000;

/** What became of one chunk: its bytes are written, or will be by `flush`, or it is damaged and left out; `what` completes a sentence about it. */
export type WrittenChunk =
  | { readonly kind: "good" }
  | { readonly kind: "damaged"; readonly address: number; readonly what: string };

/**
 * Writes chunks to their places in one file after the other, each checked against its SHA-256, and knows what of the file came. Those
 * that follow each other are written together: `flush` writes the last.
 */
export class ChunkWriter {
  readonly #gathered: GatheredWrite;
  readonly #onWritten: (bytes: number) => void;
  #hasWritten = false;
  /** Starts and ends of the runs of data, joined where they touch. */
  #ranges: number[] = [];
  #end = 0;
  #isDense = true;

  /** `gathered` may be that of several writers of which one is at work at a time and flushes before another is. */
  constructor(gathered: GatheredWrite, onWritten: (bytes: number) => void) {
    this.#gathered = gathered;
    this.#onWritten = onWritten;
  }

  /** Another file begins. */
  begin(): void {
    if (this.#ranges.length > 0) this.#ranges = [];
    this.#end = 0;
    this.#isDense = true;
    this.#hasWritten = false;
  }

  /** True if bytes of the file were written. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Writes what was gathered of the file. Throws what write(2) throws. */
  flush(): void {
    const bytes = this.#gathered.flush();
    if (bytes === 0) return;
    this.#hasWritten = true;
    this.#onWritten(bytes);
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

  /** Takes the chunk of a record of stream chunkData, which stays as it is until `flush`. Throws OperatorError for a record that is none, and what write(2) throws. */
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
    if (!this.#gathered.takes(fd, address, frame.plainBytes)) this.flush();
    const expanded = expandChunk(frame, this.#gathered.place(frame.plainBytes));
    if (expanded.kind === "damaged") {
      this.#isDense = false;
      return { kind: "damaged", address, what: expanded.what };
    }
    this.#gathered.add(fd, address, expanded.plain);
    this.#cover(address, frame.plainBytes);
    if (this.#gathered.isFull) this.flush();
    return { kind: "good" };
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

  /** The digest of the data that came and was flushed, read again from the file, without its holes; undefined: there are too many to tell. */
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
