import { fstatSync } from "node:fs";
import { crc32 } from "node:zlib";
import { readWhole } from "../device/disk-file.ts";
import { FRAME_BYTES, TAPE_FILES_MAX, VTAPE_HEAD_BYTES, VTAPE_PART_BYTES, readDirectory, readFrame } from "./vtape-format.ts";
import type { Directory, Frame } from "./vtape-format.ts";

/** A place between two frames. */
export interface FramePlace {
  /** In bytes of the tape's file. */
  readonly offset: number;
  readonly file: number;
  readonly block: number;
  /** Bytes of all blocks before it. */
  readonly before: number;
  /** Generation of the frame before it: what follows is not older. */
  readonly generation: number;
}

/** Where a tape begins. */
export const TAPE_START: FramePlace = { offset: VTAPE_HEAD_BYTES, file: 0, block: 0, before: 0, generation: 0 };

/** Bytes fetched in one call when blocks are read one after the other. */
const CHUNK_BYTES = 1024 * 1024;

/** Reads the frames of a tape's file. What is not a frame that fits behind the one before is the end of data. */
export class VtapeFrames {
  readonly #fd: number;
  #chunk = new Uint8Array(CHUNK_BYTES);
  #chunkOffset = 0;
  #filled = 0;
  readonly #small = new Uint8Array(FRAME_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Forgets what was fetched: the file was written to. */
  forget(): void {
    this.#filled = 0;
  }

  /** Size of the file. */
  get size(): number {
    return fstatSync(this.#fd).size;
  }

  /** The frame at a place; undefined at the end of data. Its data are there whole, but not looked at. Throws what the kernel says. */
  frameAt(place: FramePlace): Frame | undefined {
    if (place.file >= TAPE_FILES_MAX) return undefined;
    const offset = place.offset - this.#chunkOffset;
    const isFetched = offset >= 0 && offset + FRAME_BYTES <= this.#filled;
    const header = isFetched ? this.#chunk.subarray(offset, offset + FRAME_BYTES) : this.#small;
    if (!isFetched && readWhole(this.#fd, this.#small, place.offset) < FRAME_BYTES) return undefined;
    const frame = readFrame(header);
    if (frame === undefined || frame.file !== place.file || frame.block !== place.block || frame.before !== place.before)
      return undefined;
    if (frame.generation < place.generation) return undefined;
    const end = place.offset + FRAME_BYTES + frame.bytes;
    return end > this.#chunkOffset + this.#filled && end > this.size ? undefined : frame;
  }

  /** The data of a frame, as a view that the next call overwrites; undefined if their checksum is wrong. Throws what the kernel says. */
  dataOf(place: FramePlace, frame: Frame): Uint8Array | undefined {
    const from = place.offset + FRAME_BYTES;
    if (from < this.#chunkOffset || from + frame.bytes > this.#chunkOffset + this.#filled) {
      // With the header of the next frame, so that going on needs no read of its own.
      const wanted = frame.bytes + FRAME_BYTES;
      if (wanted > this.#chunk.byteLength) this.#chunk = new Uint8Array(wanted);
      this.#filled = readWhole(this.#fd, this.#chunk, from);
      this.#chunkOffset = from;
    }
    const data = this.#chunk.subarray(from - this.#chunkOffset, from - this.#chunkOffset + frame.bytes);
    return data.byteLength === frame.bytes && crc32(data) === frame.checksum ? data : undefined;
  }

  /** The newest of the two directories; undefined if none can be read. */
  directory(): Directory | undefined {
    const bytes = new Uint8Array(2 * VTAPE_PART_BYTES);
    const found = readWhole(this.#fd, bytes, VTAPE_PART_BYTES);
    const both = [0, VTAPE_PART_BYTES].flatMap(
      (at) => readDirectory(bytes.subarray(at, Math.min(found, at + VTAPE_PART_BYTES))) ?? [],
    );
    return both.toSorted((a, b) => b.sequence - a.sequence)[0];
  }

  /**
   * The places behind all file marks, found from the last one back to the first; undefined if what lies there is not what the directory says.
   * `at` is the place of the mark itself.
   */
  marksOf(directory: Directory): MarkPlace[] | undefined {
    if (directory.marks > TAPE_FILES_MAX) return undefined;
    const marks: MarkPlace[] = [];
    let offset = directory.lastMark;
    let newest = directory.generation;
    for (let file = directory.marks - 1; file >= 0; file -= 1) {
      if (offset < VTAPE_HEAD_BYTES || readWhole(this.#fd, this.#small, offset) < FRAME_BYTES) return undefined;
      const frame = readFrame(this.#small);
      if (frame?.kind !== "mark" || frame.file !== file || frame.generation > newest) return undefined;
      if (file > 0 && frame.previousMark >= offset) return undefined;
      marks.push({ offset, file, block: frame.block, before: frame.before, generation: frame.generation });
      newest = frame.generation;
      offset = frame.previousMark;
    }
    return offset === 0 ? marks.toReversed() : undefined;
  }
}

/** Where a file mark lies; `block` is the number of blocks in its file. */
export type MarkPlace = FramePlace;

/** The place behind a frame. */
export function behind(place: FramePlace, frame: Frame): FramePlace {
  const offset = place.offset + FRAME_BYTES + frame.bytes;
  const { generation } = frame;
  if (frame.kind === "mark") return { offset, file: place.file + 1, block: 0, before: place.before, generation };
  return { offset, file: place.file, block: place.block + 1, before: place.before + frame.bytes, generation };
}

/** The place behind a file mark. */
export function behindMark({ offset, file, before, generation }: MarkPlace): FramePlace {
  return { offset: offset + FRAME_BYTES, file: file + 1, block: 0, before, generation };
}
