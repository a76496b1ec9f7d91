import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { ListCursor } from "#lib/chunk/chunk-list.ts";
import { PAGE_HEADER_BYTES, PAGE_IDS, addPageChecksum, referencesEnd, referencesHeader, sealPage } from "./reference-file.ts";
import type { ReferencesOwner, ReferencesTotals } from "./reference-file.ts";

/** Identities that were written lately and are not written again: repeats lie close together (zeros, copies of a file). */
const RECENT_IDS = 4096;

/** Writes the references of one session to a file. Calls block; memory is about 200 KiB. */
export class ReferenceWriter implements Disposable {
  readonly path: string;
  readonly #fd: number;
  readonly #page = Buffer.alloc(PAGE_HEADER_BYTES + PAGE_IDS * CHUNK_ID_BYTES);
  readonly #recent = Buffer.alloc(RECENT_IDS * CHUNK_ID_BYTES);
  #ids = 0;
  #pages = 0;
  #checksums = 0;
  #identities = 0;
  #references = 0;
  #plainBytes = 0;
  #isOpen = true;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    // What lies in a place must not equal an identity that belongs there; all but the first place are safe with zeros.
    this.#recent.fill(0xff, 0, CHUNK_ID_BYTES);
  }

  /** Begins the file, over what lies there. Errors are those of the file system. */
  static create(path: string, owner: ReferencesOwner): ReferenceWriter {
    const writer = new ReferenceWriter(path, openSync(path, "w", 0o640));
    writer.#write(referencesHeader(owner));
    return writer;
  }

  /** References so far, repeats included, and the bytes of file data that they stand for. */
  get totals(): { readonly references: number; readonly plainBytes: number } {
    return { references: this.#references, plainBytes: this.#plainBytes };
  }

  /** Adds the chunks of a list: the data of a record of stream chunkList. CHUNK_LIST_INVALID. */
  add(record: Uint8Array): void {
    const list = new ListCursor(record);
    while (list.next()) {
      this.#references++;
      this.#plainBytes += list.plainBytes;
      this.#addIdentity(list.id);
    }
  }

  /** Completes the file and makes it durable; its directory is the caller's. Errors are those of the file system. */
  finish(volumes: readonly string[]): ReferencesTotals {
    this.#flush();
    const totals = {
      identities: this.#identities,
      references: this.#references,
      plainBytes: this.#plainBytes,
      volumes,
    };
    this.#write(referencesEnd(totals, this.#checksums));
    fsyncSync(this.#fd);
    this.#close();
    return totals;
  }

  /** Gives the file up, unless it was finished. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#close();
    unlinkSync(this.path);
  }

  #addIdentity(id: Uint8Array): void {
    const recent = ((id[0] ?? 0) | ((id[1] ?? 0) << 8)) % RECENT_IDS;
    const at = recent * CHUNK_ID_BYTES;
    if (this.#recent.compare(id, 0, CHUNK_ID_BYTES, at, at + CHUNK_ID_BYTES) === 0) return;
    this.#recent.set(id, at);
    this.#page.set(id, PAGE_HEADER_BYTES + this.#ids * CHUNK_ID_BYTES);
    this.#identities++;
    if (++this.#ids === PAGE_IDS) this.#flush();
  }

  #flush(): void {
    if (this.#ids === 0) return;
    this.#checksums = addPageChecksum(this.#checksums, sealPage(this.#page, this.#pages, this.#ids));
    this.#write(this.#page.subarray(0, PAGE_HEADER_BYTES + this.#ids * CHUNK_ID_BYTES));
    this.#pages++;
    this.#ids = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength;) done += writeSync(this.#fd, bytes, done);
  }

  #close(): void {
    this.#isOpen = false;
    closeSync(this.#fd);
  }
}
