import { BatchBuilder } from "#lib/wire/record.ts";

/** Collects the records of files into batches and hands each full one over. */
export class RecordWriter {
  readonly #builder = new BatchBuilder();
  readonly #full: (batch: Uint8Array<ArrayBuffer>) => void;

  constructor(full: (batch: Uint8Array<ArrayBuffer>) => void) {
    this.#full = full;
  }

  /** Adds a record. */
  append(fileIndex: number, stream: number, data: Uint8Array): void {
    if (!this.#builder.fits(data.byteLength)) this.flush();
    this.#builder.append(fileIndex, stream, data);
  }

  /** Begins a record of at most `bytesMax` and gives the place for it; `commit` ends it. */
  reserve(fileIndex: number, stream: number, bytesMax: number): Uint8Array<ArrayBuffer> {
    if (!this.#builder.fits(bytesMax)) this.flush();
    return this.#builder.reserve(fileIndex, stream, bytesMax);
  }

  commit(bytes: number): void {
    this.#builder.commit(bytes);
  }

  /** Hands over what there is. */
  flush(): void {
    if (this.#builder.length > 0) this.#full(this.#builder.take());
  }
}

