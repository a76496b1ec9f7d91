import { writevSync } from "node:fs";
import { writeAll } from "./write-all.ts";

/** Written when so much is gathered: enough for the kernel to work in large steps, little enough to stay in a processor's cache. */
const GATHERED_BYTES = 384 * 1024;
/** The usual room: what may be gathered and a chunk behind it. */
const ROOM_BYTES = 768 * 1024;
/** Pieces of one write(2), well below what a system takes. */
const PIECES_MAX = 64;

/**
 * Pieces of one file that lie one behind the other, written together: chunks end anywhere, and each write that begins or ends within a
 * page costs the kernel that page twice. Keeps one buffer, into which pieces are expanded. For one thread.
 */
export class GatheredWrite {
  #room = new Uint8Array(0);
  /** Bytes at the start of the room that pieces lie in. */
  #used = 0;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #fd = -1;
  #address = 0;

  /** Whether a piece may join those that wait: it is the next of the same file, and there is room for it. */
  takes(fd: number, address: number, bytes: number): boolean {
    if (this.#bytes === 0) return true;
    return fd === this.#fd && address === this.#address + this.#bytes && this.#used + bytes <= this.#room.byteLength;
  }

  /** A place to put the next piece into; `takes` has said that there is one. */
  place(bytes: number): Uint8Array {
    if (this.#used + bytes > this.#room.byteLength) this.#room = new Uint8Array(Math.max(bytes, ROOM_BYTES));
    return this.#room.subarray(this.#used, this.#used + bytes);
  }

  /** Adds a piece that `takes` has said fits: at the place that was asked for last, or elsewhere, where it stays as it is until `flush`. */
  add(fd: number, address: number, piece: Uint8Array): void {
    if (this.#bytes === 0) {
      this.#fd = fd;
      this.#address = address;
    }
    this.#bytes += piece.byteLength;
    if (piece.buffer !== this.#room.buffer) {
      this.#pieces.push(piece);
      return;
    }
    const last = this.#pieces.at(-1);
    const end = piece.byteOffset + piece.byteLength;
    if (last?.buffer === piece.buffer) this.#pieces[this.#pieces.length - 1] = this.#room.subarray(last.byteOffset, end);
    else this.#pieces.push(piece);
    this.#used = end;
  }

  /** Whether it is time to write. */
  get isFull(): boolean {
    return this.#bytes >= GATHERED_BYTES || this.#pieces.length >= PIECES_MAX;
  }

  /** Writes what waits; answers how many bytes. Throws what write(2) throws: what waited is then forgotten. */
  flush(): number {
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    if (bytes === 0) return 0;
    this.#pieces = [];
    this.#bytes = 0;
    this.#used = 0;
    if (pieces.length === 1) writeAll(this.#fd, pieces[0]!, this.#address);
    else writePieces(this.#fd, pieces, this.#address);
    return bytes;
  }
}

function writePieces(fd: number, pieces: readonly Uint8Array[], address: number): void {
  let written = writevSync(fd, pieces, address);
  let at = address;
  for (const piece of pieces) {
    // A full disk, for one, takes a part.
    const done = Math.min(written, piece.byteLength);
    written -= done;
    if (done < piece.byteLength) writeAll(fd, piece.subarray(done), at + done);
    at += piece.byteLength;
  }
}
