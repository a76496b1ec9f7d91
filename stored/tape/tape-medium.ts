import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { addressOf, positionOf } from "./tape-address.ts";
import type { AppendOutcome, Medium, TapeBlock, TapeSide } from "../device/device.ts";
import { timedRewind } from "./rewind.ts";
import type { RewindFacts } from "./rewind.ts";
import type { Tape } from "./tape.ts";

/** How a drive finds its way: what its Device resource says that it can do. */
export interface TapeHabits {
  /** Hardware End of Medium: it finds the end of data by itself. Else the tape is read through by file marks. */
  readonly findsEnd: boolean;
  /** Fast Forward Space File: many file marks in one command. */
  readonly spacesFast: boolean;
  /** Forward Space Record and Block Positioning: it goes to a block, and not only to a file mark. */
  readonly spacesBlocks: boolean;
  /** Backward Space File: it steps back over a file mark. Else it rewinds and goes forward. */
  readonly backsFiles: boolean;
  /** Backward Space Record: it steps back over a block. Jobs never need that. */
  readonly backsBlocks: boolean;
  /** Two EOF: two file marks end the data. */
  readonly endsWithTwo: boolean;
}

/** What a drive can do of which its resource says nothing. */
export const USUAL_HABITS: TapeHabits = {
  findsEnd: true,
  spacesFast: true,
  spacesBlocks: true,
  backsFiles: true,
  backsBlocks: true,
  endsWithTwo: false,
};

/** The tape that is in a drive, as the medium of a Volume: the label is file 0, jobs lie behind it. Addresses are file and block. */
export class TapeMedium implements Medium, TapeSide {
  readonly volume: string;
  readonly #tape: Tape;
  readonly #habits: TapeHabits;
  readonly #rewinding: RewindFacts;
  /** Where appending goes on; undefined: nobody has asked yet. */
  #end: { readonly address: number; readonly bytes: number } | undefined;
  #notes: string[] = [];

  constructor(volume: string, tape: Tape, { habits, rewinding }: { habits: TapeHabits; rewinding: RewindFacts }) {
    this.volume = volume;
    this.#tape = tape;
    this.#habits = habits;
    this.#rewinding = rewinding;
  }

  /** To the beginning of the tape: where the head stands is not known when a drive is opened. */
  rewind(): void {
    const note = timedRewind(this.#tape, this.#rewinding);
    if (note !== undefined && !this.#notes.includes(note)) this.#notes.push(note);
  }

  get tape(): TapeSide {
    return this;
  }

  get end(): number {
    return this.#ending.address;
  }

  get bytes(): number {
    return this.#ending.bytes;
  }

  takeNotes(): readonly string[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  readAt(into: Uint8Array, address: number): number {
    const block = this.readBlock(address);
    if (block?.kind !== "block" || block.address !== address) return 0;
    const bytes = block.bytes.subarray(0, into.byteLength);
    into.set(bytes);
    return bytes.byteLength;
  }

  readBlock(address: number): TapeBlock | undefined {
    if (!this.#goTo(address)) return undefined;
    for (;;) {
      const at = addressOf(this.#tape.position);
      const found = this.#tape.read();
      if (found.kind === "end") return undefined;
      // Where a drive goes to file marks only, what lies before the block is passed by reading.
      if (found.kind !== "mark" && at >= address) return { ...found, address: at };
    }
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    this.#goToEnd();
    const outcome = this.#tape.write(blocks);
    this.#ended();
    return outcome;
  }

  endFile(): boolean {
    if (positionOf(this.end).block === 0) return true;
    this.#goToEnd();
    const isWritten = this.#tape.writeMarks(1);
    this.#ended();
    return isWritten;
  }

  finishTape(): void {
    if (!this.endFile()) this.#notes.push("the tape has no room for the file mark behind its last block");
    else if (this.#habits.endsWithTwo && this.#tape.writeMarks(1)) this.#beforeMark();
  }

  relabel(label: Uint8Array): void {
    this.rewind();
    const outcome = this.#tape.write([label]);
    if (outcome.kind === "full")
      throw new OperatorError(
        "DEVICE_IO_FAILED",
        `the tape has no room for the label of Volume "${this.volume}": ${outcome.reason}`,
      );
    this.#ended();
    this.endFile();
    this.#tape.syncNow();
  }

  truncate(address: number): void {
    this.#goTo(address);
    this.#tape.erase();
    this.#ended();
  }

  startWriteback(): void {
    this.#tape.startWriteback();
  }

  async sync(): Promise<void> {
    await this.#tape.sync();
  }

  close(): void {
    this.#tape.close();
  }

  [Symbol.dispose](): void {
    this.#tape[Symbol.dispose]();
  }

  get #ending(): { readonly address: number; readonly bytes: number } {
    return this.#end ?? this.#findEnd();
  }

  /** The head stands at the end of data. */
  #ended(): { readonly address: number; readonly bytes: number } {
    this.#end = { address: addressOf(this.#tape.position), bytes: this.#tape.bytesBefore };
    return this.#end;
  }

  #findEnd(): { readonly address: number; readonly bytes: number } {
    this.#spaceToEnd();
    // Of two file marks at the end the second is written over.
    const { file, block } = this.#tape.position;
    if (block === 0 && file > 1 && !this.#beforeMark()) this.#toFileFromStart(file);
    return this.#ended();
  }

  /** Before the file mark behind which the head stands, if it ends a file without blocks; else somewhere in that file: false. */
  #beforeMark(): boolean {
    const tape = this.#tape;
    if (this.#habits.backsFiles) {
      tape.spaceFiles(-1);
      return tape.position.block === 0;
    }
    const empty = tape.position.file - 1;
    this.#toFileFromStart(empty);
    const isEmpty = tape.read().kind === "mark";
    if (isEmpty) this.#toFileFromStart(empty);
    return isEmpty;
  }

  #toFileFromStart(file: number): void {
    if (this.#habits.backsFiles && this.#tape.position.file < file) return void this.#toFile(file);
    this.rewind();
    this.#toFile(file);
  }

  #spaceToEnd(): void {
    const tape = this.#tape;
    if (this.#habits.findsEnd) {
      for (const attempt of ["first", "second"]) {
        try {
          tape.toEnd();
          return;
        } catch (error) {
          if (!(error instanceof OperatorError) || error.code !== "DEVICE_IO_FAILED") throw error;
          if (attempt === "second") this.#notes.push(`${describeError(error)}. The tape is read through to find its end`);
        }
      }
    }
    this.rewind();
    while (tape.spaceFiles(1) === 1);
  }

  #goToEnd(): void {
    const { address } = this.#ending;
    if (addressOf(this.#tape.position) !== address) this.#goTo(address);
  }

  /** To a block, or behind the file mark before it; false if the tape ends before. */
  #goTo(address: number): boolean {
    const tape = this.#tape;
    const { file, block } = positionOf(address);
    const here = tape.position;
    if (here.file === file && here.block === block) return true;
    if (here.file > file || (here.file === file && here.block > block)) this.rewind();
    if (!this.#toFile(file)) return false;
    const ahead = block - tape.position.block;
    // A block number behind the last of its file: the next file is what follows.
    if (ahead > 0 && this.#habits.spacesBlocks) tape.spaceBlocks(ahead);
    return true;
  }

  #toFile(file: number): boolean {
    const tape = this.#tape;
    const marks = file - tape.position.file;
    if (marks <= 0) return true;
    if (this.#habits.spacesFast) return tape.spaceFiles(marks) === marks;
    for (let passed = 0; passed < marks; passed += 1) if (tape.spaceFiles(1) !== 1) return false;
    return true;
  }
}
