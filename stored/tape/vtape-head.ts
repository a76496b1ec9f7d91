import { must } from "#lib/base/assert.ts";
import { TAPE_START, behind, behindMark } from "./vtape-frames.ts";
import type { FramePlace, MarkPlace, VtapeFrames } from "./vtape-frames.ts";
import type { Frame } from "./vtape-format.ts";
import type { TapeRead } from "./tape.ts";

/** Where the head of a tape in a file stands, and what is known of the tape: moves, and reads. Throws what the kernel says. */
export class VtapeHead {
  readonly #frames: VtapeFrames;
  at: FramePlace = TAPE_START;
  /** The file marks from the first on, as far as they are known. */
  marks: MarkPlace[] = [];
  /** Generation of what is written next: that of the newest frame that was met, raised when something is written over. */
  generation = 1;
  /** Sequence of the directory that was read or written last. */
  sequence = 0;
  /** Whether all file marks are known but those behind the last one that the directory tells. */
  isDirectoryGood = true;
  /** Called when the head moves otherwise than by writing. */
  readonly #onMove: () => void;

  constructor(frames: VtapeFrames, onMove: () => void) {
    this.#frames = frames;
    this.#onMove = onMove;
  }

  /** Learns of the file marks, as far as the directories can be trusted. */
  readDirectory(): void {
    const directory = this.#frames.directory();
    const marks = directory === undefined ? undefined : this.#frames.marksOf(directory);
    this.isDirectoryGood = marks !== undefined;
    this.marks = marks ?? [];
    this.sequence = directory?.sequence ?? 0;
    this.generation = Math.max(1, directory?.generation ?? 1);
  }

  moveTo(place: FramePlace): void {
    this.at = place;
    this.generation = Math.max(this.generation, place.generation);
    this.#onMove();
  }

  /** What is under the head, which stands behind it then. */
  read(): TapeRead {
    const frame = this.#frames.frameAt(this.at);
    if (frame === undefined) return this.#passDamage();
    if (frame.kind === "mark") {
      this.#passMark();
      return { kind: "mark" };
    }
    const place = this.at;
    const bytes = this.#frames.dataOf(place, frame);
    const next = behind(place, frame);
    if (bytes !== undefined) {
      this.at = next;
      return { kind: "block", bytes };
    }
    // The last block, and not what was to be written: it never was finished.
    if (this.#frames.frameAt(next) === undefined) return { kind: "end" };
    this.at = next;
    return { kind: "bad", bytes: frame.bytes, reason: "the checksum of the tape's block is wrong" };
  }

  /** Behind so many blocks, or behind a file mark that is met; answers how many were passed. */
  forwardBlocks(count: number): number {
    for (let passed = 0; passed < count; passed += 1) {
      const frame = this.#frames.frameAt(this.at);
      if (frame === undefined && this.#passDamage().kind === "end") return passed;
      if (frame === undefined) continue;
      if (frame.kind === "mark") {
        this.#passMark();
        return passed;
      }
      this.moveTo(behind(this.at, frame));
    }
    return count;
  }

  /** From the last file mark that is known to the end of data. */
  toEnd(): void {
    const last = this.marks.at(-1);
    this.moveTo(last === undefined ? TAPE_START : behindMark(last));
    this.passAll();
  }

  /** Without a directory only reading on tells how old the newest frame is. */
  learnGeneration(): void {
    const at = this.at;
    this.passAll();
    this.moveTo(at);
  }

  /** Behind so many file marks; answers how many were passed. */
  forwardFiles(count: number): number {
    for (let passed = 0; passed < count; passed += 1) {
      const known = this.marks[this.at.file];
      if (known !== undefined) this.moveTo(behindMark(known));
      else if (!this.#passFile()) return passed;
    }
    return count;
  }

  /** Reads on to behind the next file mark; false if there is none. */
  #passFile(): boolean {
    for (;;) {
      const frame = this.#frames.frameAt(this.at);
      if (frame === undefined) {
        this.passAll();
        return false;
      }
      if (frame.kind === "mark") {
        this.#passMark();
        return true;
      }
      this.moveTo(behind(this.at, frame));
    }
  }

  /** Before the file mark that lies so many back; answers how many were passed. */
  backFiles(count: number): number {
    const { file } = this.at;
    const target = this.marks[file - count];
    if (target === undefined) this.moveTo(TAPE_START);
    else this.moveTo(target);
    return Math.min(count, file);
  }

  /** Before so many blocks, or before the file mark that is met. A file is read from its beginning: frames say only what comes behind them. */
  backBlocks(count: number): number {
    const { file, block } = this.at;
    const previous = this.marks[file - 1];
    if (count > block && previous !== undefined) {
      this.moveTo(previous);
      return block;
    }
    this.moveTo(previous === undefined ? TAPE_START : behindMark(previous));
    const passed = Math.min(count, block);
    while (this.at.block < block - passed) {
      const frame = must(this.#frames.frameAt(this.at), "a block that was passed before");
      this.moveTo(behind(this.at, frame));
    }
    return passed;
  }

  #passMark(): void {
    if (this.marks[this.at.file] === undefined) this.marks.push(this.at);
    this.moveTo(behindMark(must(this.marks[this.at.file], "a file mark")));
  }

  /** Where no frame is though a file mark lies behind: goes on before that mark. Else the head stands at the end of data. */
  #passDamage(): TapeRead {
    const mark = this.marks[this.at.file];
    if (mark === undefined || mark.offset <= this.at.offset) return { kind: "end" };
    const bytes = mark.offset - this.at.offset;
    this.moveTo(mark);
    return { kind: "bad", bytes, reason: "the frames up to the next file mark cannot be read" };
  }

  /** Goes on over all frames that are there; a last block that was never finished does not count. */
  passAll(): void {
    let beforeLast: { readonly place: FramePlace; readonly frame: Frame } | undefined;
    for (;;) {
      const frame = this.#frames.frameAt(this.at);
      if (frame === undefined) break;
      beforeLast = frame.kind === "block" ? { place: this.at, frame } : undefined;
      if (frame.kind === "mark") this.#passMark();
      else this.moveTo(behind(this.at, frame));
    }
    if (beforeLast !== undefined && this.#frames.dataOf(beforeLast.place, beforeLast.frame) === undefined)
      this.moveTo(beforeLast.place);
  }
}
