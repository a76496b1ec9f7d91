import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writevSync } from "node:fs";
import { crc32 } from "node:zlib";
import { must } from "#lib/base/assert.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { flock } from "../chunks/store-lock.ts";
import { SyncedFile, meansFull, readWhole, writeWhole } from "../device/disk-file.ts";
import { BLOCK_BYTES_MAX } from "../volume/format.ts";
import { FRAME_BYTES, TAPE_FILES_MAX, VTAPE_HEAD_BYTES, VTAPE_PART_BYTES } from "./vtape-format.ts";
import { readHeader, writeDirectory, writeFrame, writeHeader } from "./vtape-format.ts";
import { TAPE_START, VtapeFrames, behind, behindMark } from "./vtape-frames.ts";
import type { AppendOutcome } from "../device/device.ts";
import type { FramePlace, MarkPlace } from "./vtape-frames.ts";
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
}

/** Room behind the early warning: for what must still be written when a tape is left. */
const RESERVE_LEAST = 128 * 1024;
const RESERVE_MOST = 4 * 1024 * 1024;

/** Blocks of one write; each is two buffers, and the kernel takes 1024. */
const GATHER_BLOCKS = 500;

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
  #at: FramePlace = TAPE_START;
  /** The file marks from the first on, as far as they are known. */
  #marks: MarkPlace[] = [];
  /** Generation of what is written next; raised when something is written over. */
  #generation = 1;
  #sequence = 0;
  /** Whether all file marks are known but those behind the last one that the directory tells. */
  #isDirectoryGood = true;
  #isWarned = false;

  private constructor(wish: VtapeWish, fd: number, isWriteProtected: boolean) {
    this.#wish = wish;
    this.#fd = fd;
    this.#file = new SyncedFile(fd);
    this.#frames = new VtapeFrames(fd);
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
    if (!this.#isBlank) this.#readDirectory();
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
    return { file: this.#at.file, block: this.#at.block };
  }

  get bytesBefore(): number {
    return this.#at.before;
  }

  get capacity(): number {
    return this.#capacity;
  }

  read(): TapeRead {
    return this.#doing("reading", () => {
      const frame = this.#frames.frameAt(this.#at);
      if (frame === undefined) return this.#passDamage();
      if (frame.kind === "mark") {
        this.#passMark();
        return { kind: "mark" };
      }
      const place = this.#at;
      const bytes = this.#frames.dataOf(place, frame);
      const next = behind(place, frame);
      if (bytes !== undefined) {
        this.#at = next;
        return { kind: "block", bytes };
      }
      // The last block, and not what was to be written: it never was finished.
      if (this.#frames.frameAt(next) === undefined) return { kind: "end" };
      this.#at = next;
      return { kind: "bad", bytes: frame.bytes, reason: "the checksum of the tape's block is wrong" };
    });
  }

  write(blocks: readonly Uint8Array[]): AppendOutcome {
    this.#requireWritable();
    this.#prepareWrite();
    for (let done = 0; done < blocks.length;) {
      const { count, outcome } = this.#groupFrom(blocks, done);
      if (count > 0) {
        const failed = this.#writeGroup(blocks.slice(done, done + count));
        if (failed !== undefined) return { kind: "full", blocks: done, reason: failed };
        done += count;
      }
      if (outcome !== undefined) return { kind: "full", blocks: done, reason: outcome };
    }
    return { kind: "written" };
  }

  writeMarks(count: number): boolean {
    this.#requireWritable();
    this.#prepareWrite();
    for (let done = 0; done < count; done += 1) {
      const { offset, file, block, before } = this.#at;
      const isRoom = this.#capacity === 0 || offset + FRAME_BYTES <= this.#capacity;
      if (!isRoom || file + 1 >= TAPE_FILES_MAX) return false;
      const previousMark = this.#marks.at(-1)?.offset ?? 0;
      const generation = this.#generation;
      const mark = writeFrame({ kind: "mark", generation, file, block, bytes: 0, checksum: 0, before, previousMark });
      if (this.#writeBuffers([mark], FRAME_BYTES) !== undefined) return false;
      const place: MarkPlace = { offset, file, block, before, generation };
      this.#marks.push(place);
      this.#at = behindMark(place);
    }
    this.#doing("writing its directory", () => this.#writeDirectory());
    return true;
  }

  rewind(): void {
    this.#moveTo(TAPE_START);
  }

  spaceFiles(count: number): number {
    return this.#doing("spacing files", () => (count < 0 ? this.#backFiles(-count) : this.#forwardFiles(count)));
  }

  spaceBlocks(count: number): number {
    return this.#doing("spacing blocks", () => {
      if (count < 0) return this.#backBlocks(-count);
      for (let passed = 0; passed < count; passed += 1) {
        const frame = this.#frames.frameAt(this.#at);
        if (frame === undefined && this.#passDamage().kind === "end") return passed;
        if (frame === undefined) continue;
        if (frame.kind === "mark") {
          this.#passMark();
          return passed;
        }
        this.#moveTo(behind(this.#at, frame));
      }
      return count;
    });
  }

  toEnd(): void {
    if (!this.#isDirectoryGood)
      throw this.#failure("spacing to the end of data (MTEOM): the tape's directory is damaged:", undefined);
    this.#doing("spacing to the end of data (MTEOM)", () => {
      const last = this.#marks.at(-1);
      this.#moveTo(last === undefined ? TAPE_START : behindMark(last));
      this.#passAll();
    });
  }

  erase(): void {
    this.#requireWritable();
    this.#prepareWrite();
    this.#doing("erasing", () => ftruncateSync(this.#fd, this.#at.offset));
  }

  startWriteback(): void {
    this.#file.startWriteback();
  }

  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (cause) {
      throw this.#failure("making it durable", cause);
    }
  }

  syncNow(): void {
    this.#doing("making it durable", () => fsyncSync(this.#fd));
  }

  close(): void {
    this.#doing("closing it", () => this.#file.close());
  }

  /** Whoever lets go in this way has read only, or has made durable what it wrote. */
  [Symbol.dispose](): void {
    try {
      this.#file.close();
    } catch {
      // see above
    }
  }

  #readDirectory(): void {
    const directory = this.#frames.directory();
    const marks = directory === undefined ? undefined : this.#frames.marksOf(directory);
    this.#isDirectoryGood = marks !== undefined;
    this.#marks = marks ?? [];
    this.#sequence = directory?.sequence ?? 0;
    this.#generation = Math.max(1, directory?.generation ?? 1);
  }

  #moveTo(place: FramePlace): void {
    this.#at = place;
    this.#isWarned = false;
    this.#generation = Math.max(this.#generation, place.generation);
  }

  #passMark(): void {
    if (this.#marks[this.#at.file] === undefined) this.#marks.push(this.#at);
    this.#moveTo(behindMark(must(this.#marks[this.#at.file], "a file mark")));
  }

  /** Where no frame is though a file mark lies behind: goes on before that mark. Else the head stands at the end of data. */
  #passDamage(): TapeRead {
    const mark = this.#marks[this.#at.file];
    if (mark === undefined || mark.offset <= this.#at.offset) return { kind: "end" };
    const bytes = mark.offset - this.#at.offset;
    this.#moveTo(mark);
    return { kind: "bad", bytes, reason: "the frames up to the next file mark cannot be read" };
  }

  /** Goes on over all frames that are there; a last block that was never finished does not count. */
  #passAll(): void {
    let beforeLast: { readonly place: FramePlace; readonly frame: Parameters<VtapeFrames["dataOf"]>[1] } | undefined;
    for (;;) {
      const frame = this.#frames.frameAt(this.#at);
      if (frame === undefined) break;
      beforeLast = frame.kind === "block" ? { place: this.#at, frame } : undefined;
      if (frame.kind === "mark") this.#passMark();
      else this.#moveTo(behind(this.#at, frame));
    }
    if (beforeLast !== undefined && this.#frames.dataOf(beforeLast.place, beforeLast.frame) === undefined)
      this.#moveTo(beforeLast.place);
  }

  #forwardFiles(count: number): number {
    for (let passed = 0; passed < count; passed += 1) {
      const known = this.#marks[this.#at.file];
      if (known !== undefined) this.#moveTo(behindMark(known));
      else if (!this.#passFile()) return passed;
    }
    return count;
  }

  /** Reads on to behind the next file mark; false if there is none. */
  #passFile(): boolean {
    for (;;) {
      const frame = this.#frames.frameAt(this.#at);
      if (frame === undefined) {
        this.#passAll();
        return false;
      }
      if (frame.kind === "mark") {
        this.#passMark();
        return true;
      }
      this.#moveTo(behind(this.#at, frame));
    }
  }

  #backFiles(count: number): number {
    const { file } = this.#at;
    const target = this.#marks[file - count];
    if (target === undefined) this.#moveTo(TAPE_START);
    else this.#moveTo(target);
    return Math.min(count, file);
  }

  /** A file is read from its beginning: frames say only what comes behind them. */
  #backBlocks(count: number): number {
    const { file, block } = this.#at;
    const previous = this.#marks[file - 1];
    if (count > block && previous !== undefined) {
      this.#moveTo(previous);
      return block;
    }
    this.#moveTo(previous === undefined ? TAPE_START : behindMark(previous));
    const passed = Math.min(count, block);
    while (this.#at.block < block - passed) {
      const frame = must(this.#frames.frameAt(this.#at), "a block that was passed before");
      this.#moveTo(behind(this.#at, frame));
    }
    return passed;
  }

  #requireWritable(): void {
    if (this.#wish.mode === "append") return;
    throw new OperatorError("VOLUME_READ_ONLY", `${this.#title}: it was opened for reading`);
  }

  /** Before the first write at a place: a blank gets its header, and what lies behind the head is given up. */
  #prepareWrite(): void {
    this.#doing("writing", () => {
      if (this.#isBlank) this.#writeHead();
      if (this.#frames.frameAt(this.#at) === undefined && this.#marks.length <= this.#at.file) {
        // What a crash left of a frame.
        if (this.#frames.size > this.#at.offset) ftruncateSync(this.#fd, this.#at.offset);
        return;
      }
      if (!this.#isDirectoryGood) this.#learnGeneration();
      this.#generation += 1;
      this.#marks.length = this.#at.file;
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
    this.#sequence = 1;
    this.#isBlank = false;
  }

  /** Without a directory only reading on tells how old the newest frame is. */
  #learnGeneration(): void {
    const at = this.#at;
    this.#passAll();
    this.#moveTo(at);
  }

  #writeDirectory(): void {
    this.#sequence += 1;
    const last = this.#marks.at(-1);
    const facts = { generation: this.#generation, marks: this.#marks.length, lastMark: last?.offset ?? 0 };
    const bytes = writeDirectory({ sequence: this.#sequence, ...facts });
    writeWhole(this.#fd, bytes, (1 + (this.#sequence % 2)) * VTAPE_PART_BYTES);
    this.#isDirectoryGood = true;
  }

  /** How many blocks go into the next write, and why no more. */
  #groupFrom(blocks: readonly Uint8Array[], from: number): { readonly count: number; readonly outcome: string | undefined } {
    let { offset } = this.#at;
    const warnAt = this.#capacity - reserveOf(this.#capacity);
    let count = 0;
    for (; from + count < blocks.length && count < GATHER_BLOCKS; count += 1) {
      const { byteLength } = must(blocks[from + count], "a block");
      if (byteLength === 0 || byteLength > BLOCK_BYTES_MAX)
        throw new OperatorError("DEVICE_IO_FAILED", `${this.#title}: a block of ${byteLength} bytes cannot be written`);
      offset += FRAME_BYTES + byteLength;
      if (this.#capacity === 0) continue;
      if (offset > this.#capacity) return { count, outcome: "end of the tape" };
      if (offset > warnAt && !this.#isWarned) {
        this.#isWarned = true;
        return { count, outcome: "early warning: the end of the tape is near" };
      }
    }
    return { count, outcome: undefined };
  }

  /** Writes these blocks, or none of them: then it answers why the disk takes no more. */
  #writeGroup(blocks: readonly Uint8Array[]): string | undefined {
    const buffers: Uint8Array[] = [];
    let at = this.#at;
    for (const block of blocks) {
      const { file, block: number, before } = at;
      const frame = {
        kind: "block" as const, generation: this.#generation, file, block: number, bytes: block.byteLength,
        checksum: crc32(block), before, previousMark: 0,
      }; // prettier-ignore
      buffers.push(writeFrame(frame), block);
      at = behind(at, frame);
    }
    const failed = this.#writeBuffers(buffers, at.offset - this.#at.offset);
    if (failed === undefined) this.#at = at;
    return failed;
  }

  #writeBuffers(buffers: readonly Uint8Array[], bytes: number): string | undefined {
    const { offset } = this.#at;
    this.#frames.forget();
    try {
      for (let written = 0; written < bytes;) {
        const count = writevSync(this.#fd, rest(buffers, written), offset + written);
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
    const { file, block } = this.#at;
    return new OperatorError("DEVICE_IO_FAILED", `${this.#title}: ${doing} at ${file}:${block} failed`, { cause });
  }
}

/** Whether a file is a tape; false also if it cannot be read. */
export function isVtape(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    const head = new Uint8Array(VTAPE_PART_BYTES);
    return fstatSync(fd).isFile() && typeof readHeader(head.subarray(0, readWhole(fd, head, 0))) === "number";
  } finally {
    closeSync(fd);
  }
}

function reserveOf(capacity: number): number {
  return Math.max(RESERVE_LEAST, Math.min(RESERVE_MOST, Math.floor(capacity / 64)));
}

/** What of the buffers comes after their first `skip` bytes. */
function rest(buffers: readonly Uint8Array[], skip: number): Uint8Array[] {
  if (skip === 0) return buffers as Uint8Array[];
  const left: Uint8Array[] = [];
  let at = 0;
  for (const buffer of buffers) {
    const from = Math.max(0, skip - at);
    if (from < buffer.byteLength) left.push(buffer.subarray(from));
    at += buffer.byteLength;
  }
  return left;
}

function openOrTell({ device, path }: VtapeWish, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "ENOENT") throw new OperatorError("VOLUME_NOT_FOUND", `drive "${device}" holds no tape (${path})`);
    const isProtected = code === "EROFS" || code === "EACCES" || code === "EPERM";
    throw new OperatorError(
      isProtected ? "VOLUME_READ_ONLY" : "DEVICE_OPEN_FAILED",
      `device "${device}" cannot open the tape (${path})`,
      { cause },
    );
  }
}
