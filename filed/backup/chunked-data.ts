import { readSync } from "node:fs";
import { LIST_ENTRIES_MAX, LIST_ENTRY_BYTES, LIST_HEADER_BYTES, putListAddress, putListEntry } from "#lib/chunk/chunk-list.ts";
import { nextExtent } from "#lib/platform/file-extents.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import type { ChunkStage } from "./chunk-stage.ts";
import type { DataOutcome, FileContent } from "./file-data.ts";
import { FileDigest } from "./file-digest.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { SaveOptions } from "./save-options.ts";

/** A file that does not fit into what is left of a segment begins a new one, unless more than this would be left empty. */
const GAP_BYTES_MAX = 256 * 1024;

/** What all files of a thread share for being saved as chunks. */
export class ChunkTools {
  readonly stage: ChunkStage;
  readonly counts: ChunkCounts;
  /** The list of chunks being made. */
  readonly list = new Uint8Array(LIST_HEADER_BYTES + LIST_ENTRIES_MAX * LIST_ENTRY_BYTES);

  constructor(stage: ChunkStage, counts: ChunkCounts) {
    this.stage = stage;
    this.counts = counts;
  }
}

/**
 * Reads one file's data, cuts it into chunks and writes the lists that name them. `finish` adds the digest record afterwards, behind
 * the ACLs and attributes.
 */
export class ChunkedData implements FileContent {
  readonly outcome: DataOutcome = { readBytes: 0, storedBytes: 0, change: "none" };
  readonly #writer: RecordWriter;
  readonly #fileIndex: number;
  readonly #tools: ChunkTools;
  readonly #stage: ChunkStage;
  readonly #digest: FileDigest;
  #entries = 0;
  #listBytes = 0;
  #address = 0;

  constructor(writer: RecordWriter, options: SaveOptions, fileIndex: number, tools: ChunkTools) {
    this.#writer = writer;
    this.#fileIndex = fileIndex;
    this.#tools = tools;
    this.#stage = tools.stage;
    this.#digest = new FileDigest(options.digest);
  }

  /** Saves bytes 0 to `size` of a file. More than that is not read: the attributes say `size`. */
  saveAll(fd: number, size: number, isCanceled: () => boolean): void {
    this.#beginRun(0);
    const isOne = size <= this.#stage.cutter.minBytes;
    if (size >= this.#stage.room && (isOne || this.#stage.room <= GAP_BYTES_MAX)) this.#stage.turn(this.#stage.filled);
    const read = isOne ? this.#saveSmall(fd, size) : this.#saveRun(fd, 0, size, true, isCanceled);
    if (read < size) this.outcome.change = "shrank";
  }

  /** Saves the runs of data of a file with holes, each with its address. A hole at the end is told by the size in the attributes. */
  saveRuns(fd: number, size: number, isCanceled: () => boolean): void {
    for (let run = nextExtent(fd, 0, size); run !== undefined && !isCanceled(); run = nextExtent(fd, run.end, size)) {
      this.#beginRun(run.start);
      const read = this.#saveRun(fd, run.start, run.end - run.start, false, isCanceled);
      if (read === run.end - run.start) continue;
      this.outcome.change = "shrank";
      return;
    }
  }

  /** Adds the digest record, if the options ask for one. */
  finish(): void {
    this.#digest.end(this.#writer, this.#fileIndex);
  }

  /** A file that is one chunk, for which there is room: nothing but one read and one digest. */
  #saveSmall(fd: number, size: number): number {
    const stage = this.#stage;
    const start = stage.filled;
    const read = this.#read(fd, null, size, size + 1);
    if (read === 0) return 0;
    if (stage.isFull) return this.#putRest(start);
    const id = stage.put(start, stage.filled);
    this.#digest.addWhole(stage.bytes.subarray(start, stage.filled), id);
    this.#addEntry(read, id);
    this.#endRun();
    return read;
  }

  #putRest(start: number): number {
    const stage = this.#stage;
    this.#digest.add(stage.bytes.subarray(start, stage.filled), true);
    const bytes = stage.filled - start;
    this.#cut(start, true);
    this.#endRun();
    return bytes;
  }

  /** Reads `size` bytes from `position` on and cuts them; answers how many there were. What was read before an error is kept. */
  #saveRun(fd: number, position: number, size: number, isToEnd: boolean, isCanceled: () => boolean): number {
    const stage = this.#stage;
    let start = stage.filled;
    let done = 0;
    try {
      while (done < size && !isCanceled()) {
        if (stage.room === 0) start = this.#turn(this.#cut(start, false));
        const at = stage.filled;
        const bytes = Math.min(size - done, stage.room);
        // One byte more than expected tells of growth without another system call.
        const more = isToEnd && done + bytes === size && bytes < stage.room ? 1 : 0;
        const read = this.#read(fd, position + done, bytes, bytes + more);
        if (read === 0) break;
        this.#digest.add(stage.bytes.subarray(at, stage.filled), read === size && isToEnd);
        done += read;
      }
    } finally {
      this.#cut(start, true);
      this.#endRun();
    }
    return done;
  }

  /** Reads up to `wanted` bytes behind what is in the segment, of which `bytes` are taken; answers how many those were. */
  #read(fd: number, position: number | null, bytes: number, wanted: number): number {
    const stage = this.#stage;
    let read = readSync(fd, stage.bytes, stage.filled, wanted, position);
    if (read > bytes) {
      this.outcome.change = "grew";
      read = bytes;
    }
    stage.filled += read;
    this.outcome.readBytes += read;
    return read;
  }

  /** Makes chunks of what stands from `start` on; answers where the chunk starts whose end has not been read yet. */
  #cut(start: number, isEnd: boolean): number {
    const stage = this.#stage;
    let from = start;
    while (from < stage.filled) {
      const end = stage.cutter.end(from, stage.filled);
      if (end === stage.filled && !isEnd && end - from < stage.cutter.maxBytes) break;
      if (stage.isFull) from = this.#turn(from);
      else {
        this.#addEntry(end - from, stage.put(from, end));
        from = end;
      }
    }
    return from;
  }

  #turn(keepFrom: number): number {
    this.#stage.turn(keepFrom);
    return 0;
  }

  #beginRun(address: number): void {
    this.#address = address;
    this.#entries = 0;
    this.#listBytes = 0;
  }

  #addEntry(plainBytes: number, id: Uint8Array): void {
    const { list, counts } = this.#tools;
    putListEntry(list, LIST_HEADER_BYTES + this.#entries * LIST_ENTRY_BYTES, plainBytes, id);
    this.#entries++;
    this.#listBytes += plainBytes;
    counts.chunks++;
    counts.fileBytes += plainBytes;
    this.outcome.storedBytes += plainBytes;
    if (this.#entries === LIST_ENTRIES_MAX) this.#endRun();
  }

  /** Writes the list; what follows goes into another. */
  #endRun(): void {
    if (this.#entries === 0) return;
    const { list } = this.#tools;
    putListAddress(list, this.#address);
    const bytes = LIST_HEADER_BYTES + this.#entries * LIST_ENTRY_BYTES;
    this.#writer.append(this.#fileIndex, streamType.chunkList, list.subarray(0, bytes));
    this.#beginRun(this.#address + this.#listBytes);
  }
}
