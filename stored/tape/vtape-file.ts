import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writevSync } from "node:fs";
import { crc32 } from "node:zlib";
import { runsBehind } from "#lib/base/runs-behind.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { flock } from "../chunks/store-lock.ts";
import { SyncedFile, meansFull, readWhole, writeWhole } from "../device/disk-file.ts";
import { isWriteProtected } from "../device/volume-file.ts";
import { BLOCK_BYTES_MAX } from "../volume/format.ts";
import { FRAME_BYTES, TAPE_FILES_MAX, VTAPE_HEAD_BYTES, VTAPE_PART_BYTES } from "./vtape-format.ts";
import { readHeader, writeDirectory, writeFrame, writeHeader } from "./vtape-format.ts";
import { TAPE_START, VtapeFrames, behind, behindMark } from "./vtape-frames.ts";
import { VtapeHead } from "./vtape-head.ts";
import { fittingBlocks } from "./vtape-room.ts";
import type { AppendOutcome } from "../device/device.ts";
import type { MarkPlace } from "./vtape-frames.ts";
import type { Tape, TapePosition, TapeRead } from "./tape.ts";

/** A file that is to be taken for a tape. */
export interface VtapeWish {
  readonly device: string;
  /** What messages call the tape: its Volume, "" if that is not known. */
  readonly volume: string;
  readonly path: string;
  readonly mode: "read" | "append";
  /** Size of the tape in bytes; 0: what it was made with. */
  readonly capacity: number;
  /** What each rewind takes, milliseconds: a slow drive, rehearsed. */
  readonly rewindMs?: number;
}

const LOCK_EX_NB = 6;

/** A tape in a file (docs/formats/vtape.md). An empty file is a blank tape. */
export class VtapeFile implements Tape {
  readonly isWriteProtected: boolean;
  readonly #wish: VtapeWish;
  readonly #file: SyncedFile;
  readonly #fd: number;
  readonly #frames: VtapeFrames;
  #capacity: number;
  #isBlank: boolean;
  readonly #head: VtapeHead;
  #isWarned = false;

  private constructor(wish: VtapeWish, fd: number, isWriteProtected: boolean) {
    this.#wish = wish;
    this.#fd = fd;
    this.#file = new SyncedFile(fd, { failure: (doing, cause) => this.#failure(doing, cause) });
    this.#frames = new VtapeFrames(fd);
    this.#head = new VtapeHead(this.#frames, () => (this.#isWarned = false));
    this.isWriteProtected = isWriteProtected;
    const head = new Uint8Array(VTAPE_PART_BYTES);
    const found = readWhole(fd, head, 0);
    this.#isBlank = found === 0;
    const capacity = found === 0 ? wish.capacity : readHeader(head.subarray(0, found));
    if (typeof capacity === "string")
      throw new OperatorError(
        "VOLUME_NOT_LABELED",
        `device "${wish.device}": what is there is no tape in a file: ${capacity} (${wish.path})`,
      );
    this.#capacity = wish.capacity > 0 ? wish.capacity : capacity;
    if (!this.#isBlank) this.#head.readDirectory();
  }

  /** Takes a file for a tape. VOLUME_NOT_FOUND, VOLUME_READ_ONLY, VOLUME_NOT_LABELED, DEVICE_BUSY, DEVICE_OPEN_FAILED. */
  static open(wish: VtapeWish): VtapeFile {
    const { device, path, mode } = wish;
    // Without O_NONBLOCK a FIFO of that name would keep the thread for ever.
    const fd = openOrTell(wish, (mode === "read" ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
    try {
      const facts = fstatSync(fd);
      if (!facts.isFile())
        throw new OperatorError("VOLUME_NOT_LABELED", `device "${device}": what is there is no plain file (${path})`);
      // The tab of a tape: also root respects it.
      const isWriteProtected = (facts.mode & 0o222) === 0;
      if (mode === "append" && isWriteProtected)
        throw new OperatorError("VOLUME_READ_ONLY", `device "${device}": the tape is write-protected (${path})`, {
          hint: `chmod u+w ${path}`,
        });
      if (mode === "append" && flock !== undefined && flock(fd, LOCK_EX_NB) !== 0)
        throw new OperatorError("DEVICE_BUSY", `device "${device}": another process writes to the tape (${path})`);
      return new VtapeFile(wish, fd, isWriteProtected);
    } catch (cause) {
      closeSync(fd);
      if (cause instanceof OperatorError) throw cause;
      throw new OperatorError("DEVICE_OPEN_FAILED", `device "${device}" cannot read the tape (${path})`, { cause });
    }
  }

  get position(): TapePosition {
    return { file: this.#head.at.file, block: this.#head.at.block };
  }

  get bytesBefore(): number {
    return this.#head.at.before;
  }

  get capacity(): number {
    return this.#capacity;
  }

  read(): TapeRead {
    return this.#doing("reading", () => this.#head.read());
  }

  write(blocks: readonly Uint8Array[]): AppendOutcome {
    this.#requireWritable();
    const wrong = blocks.find(({ byteLength }) => byteLength === 0 || byteLength > BLOCK_BYTES_MAX);
    if (wrong !== undefined)
      throw new OperatorError("DEVICE_IO_FAILED", `${this.#title}: a block of ${wrong.byteLength} bytes cannot be written`);
    this.#prepareWrite();
    for (let done = 0; done < blocks.length;) {
      const { offset } = this.#head.at;
      const { count, end } = fittingBlocks(blocks, done, { offset, capacity: this.#capacity, isWarned: this.#isWarned });
      if (end?.startsWith("early") === true) this.#isWarned = true;
      if (count > 0) {
        const failed = this.#writeGroup(blocks.slice(done, done + count));
        if (failed !== undefined) return { kind: "full", blocks: done, reason: failed };
        done += count;
      }
      if (end !== undefined) return { kind: "full", blocks: done, reason: end };
    }
    return { kind: "written" };
  }

  writeMarks(count: number): boolean {
    this.#requireWritable();
    this.#prepareWrite();
    for (let done = 0; done < count; done += 1) {
      const { offset, file, block, before } = this.#head.at;
      const isRoom = this.#capacity === 0 || offset + FRAME_BYTES <= this.#capacity;
      if (!isRoom || file + 1 >= TAPE_FILES_MAX) return false;
      const previousMark = this.#head.marks.at(-1)?.offset ?? 0;
      const generation = this.#head.generation;
      const mark = writeFrame({ kind: "mark", generation, file, block, bytes: 0, checksum: 0, before, previousMark });
      if (this.#writeBuffers([mark], FRAME_BYTES) !== undefined) return false;
      const place: MarkPlace = { offset, file, block, before, generation };
      this.#head.marks.push(place);
      this.#head.at = behindMark(place);
    }
    this.#doing("writing its directory", () => this.#writeDirectory());
    return true;
  }

  rewind(): void {
    const { rewindMs = 0 } = this.#wish;
    if (rewindMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, rewindMs);
    this.#head.moveTo(TAPE_START);
  }

  spaceFiles(count: number): number {
    return this.#doing("spacing files", () => (count < 0 ? this.#head.backFiles(-count) : this.#head.forwardFiles(count)));
  }

  spaceBlocks(count: number): number {
    return this.#doing("spacing blocks", () => (count < 0 ? this.#head.backBlocks(-count) : this.#head.forwardBlocks(count)));
  }

  toEnd(): void {
    if (!this.#head.isDirectoryGood)
      throw this.#failure("spacing to the end of data (MTEOM): the tape's directory is damaged:", undefined);
    this.#doing("spacing to the end of data (MTEOM)", () => this.#head.toEnd());
  }

  erase(): void {
    this.#requireWritable();
    this.#prepareWrite();
    this.#doing("erasing", () => ftruncateSync(this.#fd, this.#head.at.offset));
  }

  startWriteback(): void {
    this.#file.startWriteback();
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  syncNow(): void {
    this.#doing("making it durable", () => fsyncSync(this.#fd));
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #requireWritable(): void {
    if (this.#wish.mode === "append") return;
    throw new OperatorError("VOLUME_READ_ONLY", `${this.#title}: it was opened for reading`);
  }

  /** Before the first write at a place: a blank gets its header, and what lies behind the head is given up. */
  #prepareWrite(): void {
    this.#doing("writing", () => {
      if (this.#isBlank) this.#writeHead();
      if (this.#frames.frameAt(this.#head.at) === undefined && this.#head.marks.length <= this.#head.at.file) {
        // What a crash left of a frame.
        if (this.#frames.size > this.#head.at.offset) ftruncateSync(this.#fd, this.#head.at.offset);
        return;
      }
      if (!this.#head.isDirectoryGood) this.#head.learnGeneration();
      this.#head.generation += 1;
      this.#head.marks.length = this.#head.at.file;
      // First that nothing behind the head counts any more: frames that are left there by a crash are of an older generation.
      this.#writeDirectory();
    });
  }

  #writeHead(): void {
    const head = new Uint8Array(VTAPE_HEAD_BYTES);
    head.set(writeHeader(this.#capacity));
    for (const sequence of [1, 0])
      head.set(writeDirectory({ sequence, generation: 1, marks: 0, lastMark: 0 }), (1 + (sequence % 2)) * VTAPE_PART_BYTES);
    writeWhole(this.#fd, head, 0);
    this.#head.sequence = 1;
    this.#isBlank = false;
  }

  #writeDirectory(): void {
    this.#head.sequence += 1;
    const last = this.#head.marks.at(-1);
    const facts = { generation: this.#head.generation, marks: this.#head.marks.length, lastMark: last?.offset ?? 0 };
    const bytes = writeDirectory({ sequence: this.#head.sequence, ...facts });
    writeWhole(this.#fd, bytes, (1 + (this.#head.sequence % 2)) * VTAPE_PART_BYTES);
    this.#head.isDirectoryGood = true;
  }

  /** Writes these blocks, or none of them: then it answers why the disk takes no more. */
  #writeGroup(blocks: readonly Uint8Array[]): string | undefined {
    const buffers: Uint8Array[] = [];
    let at = this.#head.at;
    for (const block of blocks) {
      const { file, block: number, before } = at;
      const frame = {
        kind: "block" as const, generation: this.#head.generation, file, block: number, bytes: block.byteLength,
        checksum: crc32(block), before, previousMark: 0,
      }; // prettier-ignore
      buffers.push(writeFrame(frame), block);
      at = behind(at, frame);
    }
    const failed = this.#writeBuffers(buffers, at.offset - this.#head.at.offset);
    if (failed === undefined) this.#head.at = at;
    return failed;
  }

  #writeBuffers(buffers: readonly Uint8Array[], bytes: number): string | undefined {
    const { offset } = this.#head.at;
    this.#frames.forget();
    try {
      for (let written = 0; written < bytes;) {
        const count = writevSync(this.#fd, runsBehind(buffers, written), offset + written);
        if (count === 0) throw new Error("the file takes no more bytes");
        written += count;
      }
      if (this.#frames.size > offset + bytes) ftruncateSync(this.#fd, offset + bytes);
      return undefined;
    } catch (cause) {
      this.#doing("cutting off a half block", () => ftruncateSync(this.#fd, offset));
      const reason = meansFull(cause);
      if (reason !== undefined) return reason;
      throw this.#failure("writing", cause);
    }
  }

  #doing<Result>(doing: string, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof OperatorError || !(cause instanceof Error) || systemErrorCode(cause) === "") throw cause;
      throw this.#failure(doing, cause);
    }
  }

  get #title(): string {
    const { device, volume, path } = this.#wish;
    return `device "${device}", ${volume === "" ? "tape" : `Volume "${volume}"`} (${path})`;
  }

  #failure(doing: string, cause: unknown): OperatorError {
    const { file, block } = this.#head.at;
    return new OperatorError("DEVICE_IO_FAILED", `${this.#title}: ${doing} at ${file}:${block} failed`, { cause });
  }
}

function openOrTell({ device, path }: VtapeWish, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT")
      throw new OperatorError("VOLUME_NOT_FOUND", `drive "${device}" holds no tape (${path})`);
    throw new OperatorError(
      isWriteProtected(cause) ? "VOLUME_READ_ONLY" : "DEVICE_OPEN_FAILED",
      `device "${device}" cannot open the tape (${path})`,
      { cause },
    );
  }
}
