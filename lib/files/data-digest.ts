import { createHash, hash } from "node:crypto";
import type { Hash } from "node:crypto";
import { fstatSync, readSync } from "node:fs";
import type { DigestName } from "#lib/streams/digest.ts";

const EMPTY = new Uint8Array(0);
const PIECE_BYTES = 256 * 1024;

/** What a digest is asked about: the open file, and what was written of it. */
interface WrittenFile {
  readonly fd: number;
  readonly written: number;
  readonly isSparse: boolean;
}

/**
 * The digest of one restored file's data. Which algorithm it is, only the record after the data says: a single piece waits for it,
 * longer files are digested while they are written with the one that the files before had, and read again if that was wrong.
 */
export class DataDigest {
  #first: Uint8Array | undefined;
  #hash: Hash | undefined;
  #name: DigestName | undefined;

  /** Adds data; `usual` is the algorithm that it probably is. The data must stay as it is until `letGo` or the next call. */
  add(data: Uint8Array, usual: DigestName | undefined): void {
    if (this.#first === undefined && this.#hash === undefined) {
      this.#first = data;
      return;
    }
    if (usual === undefined) return;
    if (this.#hash === undefined && this.#first !== undefined) {
      this.#name = usual;
      this.#hash = createHash(usual).update(this.#first);
      this.#first = EMPTY;
    }
    this.#hash?.update(data);
  }

  /** Copies what is still needed of the data given. */
  letGo(): void {
    this.#first = this.#first?.slice();
  }

  /** The digest of all data; undefined if it cannot be had: of a sparse file whose algorithm was not the usual one. Call once. */
  value(name: DigestName, file: WrittenFile): Buffer | undefined {
    if (this.#hash !== undefined && this.#name === name) return this.#hash.digest();
    const isWhole = this.#hash === undefined && this.#first?.byteLength === file.written && !file.isSparse;
    if (file.written === 0 || isWhole) return hash(name, this.#first ?? EMPTY, "buffer");
    return file.isSparse ? undefined : digestOfFile(file.fd, name);
  }
}

function digestOfFile(fd: number, name: DigestName): Buffer {
  const hasher = createHash(name);
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const { size } = fstatSync(fd);
  for (let at = 0; at < size;) {
    const read = readSync(fd, piece, 0, piece.length, at);
    if (read === 0) break;
    hasher.update(piece.subarray(0, read));
    at += read;
  }
  return hasher.digest();
}
