import { readSync } from "node:fs";
import { deflateRecord, zstdRecord } from "#lib/codec/compression.ts";
import { nextExtent } from "#lib/platform/file-extents.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { FileDigest } from "./file-digest.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { SaveOptions } from "./save-options.ts";

/** Most bytes of a file that go into one record; what Bacula's readers are made for. */
export const DATA_BYTES_MAX = 65_536;
const ADDRESS_BYTES = 8;

/** What became of a file's data. */
export interface DataOutcome {
  /** Bytes read from the file, and bytes of data put into records. */
  readBytes: number;
  storedBytes: number;
  /** The file turned out shorter or longer than when it was opened. */
  change: "none" | "shrank" | "grew";
}

/** The stream number under which a file's data goes. */
export function dataStream(options: SaveOptions, hasHoles: boolean): number {
  if (options.compression.kind === "gzip") return hasHoles ? streamType.sparseGzipData : streamType.gzipData;
  if (options.compression.kind === "zstd") return hasHoles ? streamType.sparseCompressedData : streamType.compressedData;
  return hasHoles ? streamType.sparseData : streamType.fileData;
}

/** A file's data on its way into records. */
export interface FileContent {
  readonly outcome: DataOutcome;
  /** Saves bytes 0 to `size` of a file. More than that is not read: the attributes say `size`. */
  saveAll(fd: number, size: number, isCanceled: () => boolean): void;
  /** Saves the runs of data of a file with holes. */
  saveRuns(fd: number, size: number, isCanceled: () => boolean): void;
  /** Adds the digest record, if the options ask for one. */
  finish(): void;
}

/**
 * Reads one file's data into records. `finish` adds the digest record afterwards, behind the ACLs and attributes. Data that is
 * stored plain is read straight into the batch.
 */
export class FileData implements FileContent {
  readonly outcome: DataOutcome = { readBytes: 0, storedBytes: 0, change: "none" };
  readonly #writer: RecordWriter;
  readonly #options: SaveOptions;
  readonly #fileIndex: number;
  readonly #digest: FileDigest;
  readonly #scratch: Uint8Array<ArrayBuffer>;
  readonly #stream: number;

  /** `stream`: see dataStream. `scratch`: DATA_BYTES_MAX + 1 bytes. */
  constructor(parts: {
    writer: RecordWriter;
    options: SaveOptions;
    fileIndex: number;
    stream: number;
    scratch: Uint8Array<ArrayBuffer>;
  }) {
    this.#writer = parts.writer;
    this.#options = parts.options;
    this.#fileIndex = parts.fileIndex;
    this.#digest = new FileDigest(parts.options.digest);
    this.#scratch = parts.scratch;
    this.#stream = parts.stream;
  }

  /** Saves bytes 0 to `size` of a file. More than that is not read: the attributes say `size`. */
  saveAll(fd: number, size: number, isCanceled: () => boolean): void {
    for (let at = 0; at < size;) {
      const read = this.#piece(fd, null, at, Math.min(DATA_BYTES_MAX, size - at), {
        isWhole: size < DATA_BYTES_MAX,
        isLast: size - at < DATA_BYTES_MAX,
      });
      if (read === 0 || isCanceled()) break;
      at += read;
    }
    if (this.outcome.readBytes < size) this.outcome.change = "shrank";
  }

  /** Saves the runs of data of a file with holes, each record with its address. A hole at the end is kept by one zero byte there. */
  saveRuns(fd: number, size: number, isCanceled: () => boolean): void {
    let end = 0;
    for (let run = nextExtent(fd, 0, size); run !== undefined && !isCanceled(); run = nextExtent(fd, run.end, size)) {
      for (let at = run.start; at < run.end;) {
        const read = this.#piece(fd, at, at, Math.min(DATA_BYTES_MAX - ADDRESS_BYTES, run.end - at), {
          isWhole: false,
          isLast: false,
        });
        if (read === 0) {
          this.outcome.change = "shrank";
          return;
        }
        at += read;
        if (isCanceled()) return;
      }
      end = run.end;
    }
    if (end < size && !isCanceled()) this.#piece(fd, size - 1, size - 1, 1, { isWhole: false, isLast: false });
  }

  /** Saves a FIFO: until its writers end. */
  savePipe(fd: number, isCanceled: () => boolean): void {
    while (
      !isCanceled() &&
      this.#piece(fd, null, this.outcome.readBytes, DATA_BYTES_MAX, { isWhole: false, isLast: false }) > 0
    );
  }

  /** Adds the digest record, if the options ask for one. */
  finish(): void {
    this.#digest.end(this.#writer, this.#fileIndex);
  }

  /** One record: reads up to `bytes` at `position` (null: where the file stands), answers how many there were. */
  #piece(
    fd: number,
    position: number | null,
    address: number,
    bytes: number,
    hint: { readonly isWhole: boolean; readonly isLast: boolean },
  ): number {
    const stream = this.#stream;
    const isSparse =
      stream === streamType.sparseData || stream === streamType.sparseGzipData || stream === streamType.sparseCompressedData;
    const isPlain = this.#options.compression.kind === "none";
    const head = isSparse && isPlain ? ADDRESS_BYTES : 0;
    // One byte more than expected tells of growth without another system call.
    const wanted = hint.isLast ? bytes + 1 : bytes;
    const place = isPlain ? this.#writer.reserve(this.#fileIndex, stream, head + wanted) : this.#scratch;
    let read = readSync(fd, place, head, wanted, position);
    if (read === 0) return 0;
    if (read > bytes) {
      this.outcome.change = "grew";
      read = bytes;
    }
    const data = place.subarray(head, head + read);
    this.#digest.add(data, hint.isWhole && read === bytes);
    this.outcome.readBytes += read;
    if (isPlain) {
      if (isSparse) putAddress(place, address);
      this.#writer.commit(head + read);
      this.outcome.storedBytes += read;
    } else this.#putCompressed(data, address, stream, isSparse);
    return read;
  }

  #putCompressed(data: Uint8Array, address: number, stream: number, isSparse: boolean): void {
    const { compression } = this.#options;
    if (compression.kind === "none") return;
    const packed = compression.kind === "gzip" ? deflateRecord(data, compression.level) : zstdRecord(data, compression.level);
    const head = isSparse ? ADDRESS_BYTES : 0;
    const place = this.#writer.reserve(this.#fileIndex, stream, head + packed.byteLength);
    if (isSparse) putAddress(place, address);
    place.set(packed, head);
    this.#writer.commit(head + packed.byteLength);
    this.outcome.storedBytes += packed.byteLength;
  }
}

function putAddress(place: Uint8Array, address: number): void {
  const view = new DataView(place.buffer, place.byteOffset, ADDRESS_BYTES);
  view.setUint32(0, Math.floor(address / 0x1_0000_0000));
  view.setUint32(4, address >>> 0);
}
