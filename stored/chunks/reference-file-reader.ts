import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import {
  PAGE_HEADER_BYTES,
  PAGE_IDS,
  REFERENCES_FOOT_BYTES,
  REFERENCES_HEADER_BYTES,
  addPageChecksum,
  damaged,
  isTrailerIntact,
  pageChecksum,
  readReferencesHeader,
  readTrailer,
  trailerBytes,
} from "./reference-file.ts";
import type { ReferencesOwner, ReferencesTotals } from "./reference-file.ts";

/**
 * Reads the references of one session, a page at a time. Whatever is wrong with the file is REFERENCES_DAMAGED, thrown before anything
 * of the page concerned is given out; when `nextPage` has answered undefined, every identity of the session was given out. Calls block.
 */
export class ReferenceReader implements Disposable {
  readonly path: string;
  readonly owner: ReferencesOwner;
  readonly totals: ReferencesTotals;
  readonly #fd: number;
  readonly #page = Buffer.alloc(PAGE_HEADER_BYTES + PAGE_IDS * CHUNK_ID_BYTES);
  readonly #trailer: Uint8Array;
  #at = REFERENCES_HEADER_BYTES;
  #pages = 0;
  #checksums = 0;
  #left: number;
  #isOpen = true;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    const { size } = fstatSync(fd);
    if (size < REFERENCES_HEADER_BYTES + REFERENCES_FOOT_BYTES + 32) throw damaged(path, `it has only ${size} bytes`);
    this.owner = readReferencesHeader(this.#read(0, REFERENCES_HEADER_BYTES), path);
    const bytes = trailerBytes(this.#read(size - REFERENCES_FOOT_BYTES, REFERENCES_FOOT_BYTES), path);
    const end = size - REFERENCES_FOOT_BYTES - bytes;
    if (end < REFERENCES_HEADER_BYTES) throw damaged(path, "it is too short for its trailer");
    this.#trailer = this.#read(end, bytes);
    this.totals = readTrailer(this.#trailer, path);
    this.#left = this.totals.identities;
    const pages = Math.ceil(this.#left / PAGE_IDS);
    if (end !== REFERENCES_HEADER_BYTES + pages * PAGE_HEADER_BYTES + this.#left * CHUNK_ID_BYTES)
      throw damaged(path, `${size} bytes are not the length of a file with ${this.#left} references`);
    // A session without references has no page that would lead to this check.
    if (this.#left === 0) this.#checkTrailer();
  }

  /** Opens a file and looks at its header and its end. */
  static open(path: string): ReferenceReader {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (error) {
      throw damaged(path, "it cannot be opened", error);
    }
    try {
      return new ReferenceReader(path, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** The identities of the next page, one behind the other: a view that holds until the next call; undefined at the end. */
  nextPage(): Uint8Array | undefined {
    if (this.#left === 0) return undefined;
    const ids = Math.min(this.#left, PAGE_IDS);
    const bytes = PAGE_HEADER_BYTES + ids * CHUNK_ID_BYTES;
    this.#read(this.#at, bytes, this.#page);
    const checksum = pageChecksum(this.#page, this.#pages, ids);
    if (this.#page.readUInt32LE(0) !== ids || this.#page.readUInt32LE(4) !== checksum)
      throw damaged(this.path, `the checksum of the ${ids} references at byte ${this.#at} is wrong`);
    this.#at += bytes;
    this.#pages++;
    this.#left -= ids;
    this.#checksums = addPageChecksum(this.#checksums, checksum);
    if (this.#left === 0) this.#checkTrailer();
    return this.#page.subarray(PAGE_HEADER_BYTES, bytes);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }

  #checkTrailer(): void {
    if (!isTrailerIntact(this.#trailer, this.#checksums)) throw damaged(this.path, "the checksum of its trailer is wrong");
  }

  #read(at: number, bytes: number, into: Uint8Array = new Uint8Array(bytes)): Uint8Array {
    let done = 0;
    try {
      while (done < bytes) {
        const count = readSync(this.#fd, into, done, bytes - done, at + done);
        if (count === 0) throw damaged(this.path, "it ends too early");
        done += count;
      }
    } catch (error) {
      if (error instanceof Error && "errno" in error) throw damaged(this.path, `byte ${at + done} cannot be read`, error);
      throw error;
    }
    return into;
  }
}
