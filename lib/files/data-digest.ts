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
 * longer files are digested while they are written with the ones that the files before had (digest and
 * signature may use two), and read again if those were wrong.
 */
export class DataDigest {
  #first: Uint8Array | undefined;
  /** Nothing came but the first piece. */
  #isOnlyFirst = true;
  readonly #hashes = new Map<DigestName, Hash>();

  /** Adds data; `usual` are the algorithms that it probably is. The data must stay as it is until `letGo` or the next call. */
  add(data: Uint8Array, usual: readonly DigestName[]): void {
    if (this.#first === undefined) {
      this.#first = data;
      return;
    }
    this.#isOnlyFirst = false;
    if (this.#hashes.size === 0) {
      if (usual.length === 0) return;
      for (const name of usual) this.#hashes.set(name, createHash(name).update(this.#first));
      this.#first = EMPTY;
    }
    for (const hasher of this.#hashes.values()) hasher.update(data);
  }

  /** Copies what is still needed of the data given. */
  letGo(): void {
    if (this.#first !== undefined) this.#first = new Uint8Array(this.#first);
  }

  /** The digest of all data; undefined if it cannot be had: of a sparse file of several pieces whose algorithm was not a usual one. */
  value(name: DigestName, file: WrittenFile): Buffer | undefined {
    const taken = this.#hashes.get(name);
    if (taken !== undefined) return taken.copy().digest();
    if (this.#isOnlyFirst) return hash(name, this.#first ?? EMPTY, "buffer");
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
