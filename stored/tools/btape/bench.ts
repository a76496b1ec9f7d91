import { OperatorError } from "#lib/errors/operator-error.ts";
import { BLOCK_BYTES_DEFAULT } from "#stored/volume/format.ts";
import { USUAL_HABITS } from "#stored/tape/tape-medium.ts";
import type { Drive } from "#stored/changer/drive.ts";
import type { DeviceSettings } from "#stored/device/device-host.ts";
import type { Tape } from "#stored/tape/tape.ts";
import type { TapeHabits } from "#stored/tape/tape-medium.ts";
import type { ToolVoice } from "../tool-voice.ts";
import type { LineInput } from "../line-input.ts";

/** The drive that is tested. */
export interface TestedDrive {
  readonly name: string;
  readonly path: string;
  readonly mediaType: string;
  /** Its resource; undefined: a path alone was named. */
  readonly settings: DeviceSettings | undefined;
  /** What changes its tapes; undefined: a person does. */
  readonly changed: Drive | undefined;
  /** Where the state between fill and unfill is kept. */
  readonly workingDirectory: string;
  /** Takes the tape that is in it now. */
  open(): Tape;
}

/** Blocks that are written in one call. */
const WRITE_BLOCKS = 32;

/** A command of btape could not do what it should; it has said so. */
export class TestFailed extends Error {}

/** What all commands of btape work with: the tape in the drive, and the voice that tells of it. */
export class Bench implements Disposable {
  readonly drive: TestedDrive;
  readonly voice: ToolVoice;
  readonly input: LineInput;
  readonly signal: AbortSignal;
  /** Longest block that jobs write on this drive. */
  readonly blockBytes: number;
  readonly isVerbose: boolean;
  habits: TapeHabits;
  #tape: Tape | undefined;

  constructor(options: {
    readonly drive: TestedDrive;
    readonly voice: ToolVoice;
    readonly input: LineInput;
    readonly signal: AbortSignal;
    readonly isVerbose: boolean;
  }) {
    this.drive = options.drive;
    this.voice = options.voice;
    this.input = options.input;
    this.signal = options.signal;
    this.isVerbose = options.isVerbose;
    this.blockBytes = options.drive.settings?.blockBytesMax || BLOCK_BYTES_DEFAULT;
    this.habits = options.drive.settings?.tape?.habits ?? USUAL_HABITS;
  }

  /** `"Drive-1" (/dev/tape)`, for messages. */
  get title(): string {
    return `"${this.drive.name}" (${this.drive.path})`;
  }

  get tape(): Tape {
    return (this.#tape ??= this.drive.open());
  }

  /** Data of a record that fills a block but for a hundred bytes, as Bacula's btape writes them. */
  get recordBytes(): number {
    return this.blockBytes - 100;
  }

  /** Lets go of the tape and takes the one that is in the drive then. */
  reopen(): void {
    this.close();
    this.voice.say(`open device ${this.title}: OK${this.tape.isWriteProtected ? ", write-protected" : ""}`);
  }

  close(): void {
    const tape = this.#tape;
    this.#tape = undefined;
    tape?.close();
  }

  [Symbol.dispose](): void {
    this.#tape?.[Symbol.dispose]();
    this.#tape = undefined;
  }

  /** Asks for a line; undefined: nobody is there. */
  async ask(text: string): Promise<string | undefined> {
    this.voice.plain(text);
    this.voice.flush();
    return (await this.input.next(this.signal))?.trim();
  }

  rewind(): void {
    this.tape.rewind();
    this.voice.say(`Rewound ${this.title}`);
  }

  /** Writes file marks; says so. */
  weof(count: number): void {
    if (!this.tape.writeMarks(count)) this.fail("Bad status from weof. ERR=the tape has no room");
    this.voice.say(`Wrote ${count} EOF${count === 1 ? "" : "s"} to ${this.title}`);
  }

  /** Writes blocks; each must find room. */
  write(blocks: readonly Uint8Array[]): void {
    for (let at = 0; at < blocks.length; at += WRITE_BLOCKS) {
      const outcome = this.tape.write(blocks.slice(at, at + WRITE_BLOCKS));
      if (outcome.kind === "full") this.fail(`Error writing block to device: the tape is full (${outcome.reason})`);
    }
  }

  /** To a block: rewinds, spaces over file marks, then over blocks. */
  goTo(file: number, block: number): void {
    const { tape } = this;
    tape.rewind();
    const passed = file === 0 || tape.spaceFiles(file) === file;
    if (!passed || (block > 0 && tape.spaceBlocks(block) !== block))
      this.fail(`Reposition to file:block ${file}:${block} failed.`);
  }

  /** To the end of data, the way jobs find it on this drive. */
  goToEnd(): void {
    if (this.habits.findsEnd) return this.tape.toEnd();
    this.tape.rewind();
    while (this.tape.spaceFiles(1) === 1);
  }

  /** Ends the command, after having said why. */
  fail(text: string): never {
    this.voice.errors += 1;
    this.voice.say(text);
    throw new TestFailed(text);
  }

  /** Lets others have a turn, and stops when the operator wants it. */
  async turn(): Promise<void> {
    this.voice.flush();
    await new Promise((resolve) => setImmediate(resolve));
    this.signal.throwIfAborted();
  }

  /** Lets an operator, or the changer, put a tape into the drive. */
  async bring(slot: number, what: string): Promise<void> {
    this.close();
    const { changed } = this.drive;
    if (changed?.changer !== undefined) {
      const cause = { volume: "", client: "", job: "", tell: (line: string) => this.voice.say(line) };
      await changed.empty(cause);
      this.voice.say(`3303 Issuing autochanger "load slot ${slot}, drive ${changed.index}" command.`);
      using _ = await changed.take({ ...cause, slot }, this.signal);
    } else {
      const typed = await this.ask(`Mount ${what} on device ${this.title} and press return when ready: `);
      if (typed === undefined)
        throw new OperatorError("VOLUME_NOT_FOUND", `nobody is there to mount ${what} on device ${this.title}`);
    }
  }
}
