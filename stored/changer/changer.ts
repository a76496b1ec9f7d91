import { Mutex } from "#lib/base/lock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { commandWords } from "./command-words.ts";
import { parseList, parseListAll, parseNumber } from "./parse-listing.ts";
import { runProgram } from "./run-program.ts";
import type { ChangerPlace } from "#proto/stored.ts";
import type { Drive } from "./drive.ts";

/** An Autochanger resource whose media are moved by a program. */
export interface ChangerSettings {
  readonly name: string;
  /** Template with %-codes. */
  readonly command: string;
  readonly changerDevice: string;
  /** Template that is run with %o = lock before every command and with %o = unlock behind it; "": none. */
  readonly lockCommand: string;
}

/** For whom a medium is moved: what %v, %f and %j stand for. */
export interface MoveCause {
  readonly volume: string;
  readonly client: string;
  readonly job: string;
  /** Hears what is done, in the words of the log. */
  tell(line: string): void;
}

/** The most time for a Lock Command. */
const LOCK_MS = 60_000;

/**
 * The program that moves the media of one library: one command at a time. Whoever moves or looks holds the turn; what is being done is
 * told to the status meanwhile.
 */
export class Changer {
  readonly settings: ChangerSettings;
  readonly drives: Drive[] = [];
  /** One command at a time. The holder may use the methods below. */
  readonly turn = new Mutex();
  /** What the program is doing now, for status; "" if nothing. */
  doing = "";

  constructor(settings: ChangerSettings) {
    this.settings = settings;
  }

  get name(): string {
    return this.settings.name;
  }

  /** How many slots there are. */
  async slots(drive: Drive): Promise<number> {
    const output = await this.#run("slots", drive, 0, "counting its slots");
    return this.#number(output, "slots");
  }

  /** What lies in the slots. */
  async list(drive: Drive): Promise<ChangerPlace[]> {
    return parseList(await this.#run("list", drive, 0, "listing its slots"));
  }

  /** What lies in slots, drives and import slots. */
  async listAll(drive: Drive): Promise<ChangerPlace[]> {
    return parseListAll(await this.#run("listall", drive, 0, "listing its slots and drives"));
  }

  /** Slot whose medium is in the drive; 0: none. */
  async loaded(drive: Drive): Promise<number> {
    const output = await this.#run("loaded", drive, 0, `looking into drive ${drive.index}`);
    return this.#number(output, "loaded");
  }

  async load(drive: Drive, slot: number, cause: MoveCause): Promise<void> {
    const what = `load Volume ${cause.volume || "*Unknown*"}, Slot ${slot}, Drive ${drive.index}`;
    cause.tell(`3304 Issuing autochanger "${what}" command.`);
    try {
      await this.#run("load", drive, slot, `loading slot ${slot} into drive ${drive.index}`, cause);
    } catch (error) {
      cause.tell(`3992 Bad autochanger "${what}": ERR=${error instanceof Error ? error.message : String(error)}.`);
      throw error;
    }
    cause.tell(`3305 Autochanger "${what}", status is OK.`);
  }

  async unload(drive: Drive, slot: number, cause: MoveCause): Promise<void> {
    const what = `unload Volume ${drive.volume || "*Unknown*"}, Slot ${slot}, Drive ${drive.index}`;
    cause.tell(`3307 Issuing autochanger "${what}" command.`);
    try {
      await this.#run("unload", drive, slot, `unloading drive ${drive.index} into slot ${slot}`, cause);
    } catch (error) {
      cause.tell(`3995 Bad autochanger "${what}": ERR=${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  async transfer(drive: Drive, slot: number, toSlot: number): Promise<void> {
    await this.#run("transfer", drive, slot, `moving slot ${slot} to slot ${toSlot}`, undefined, String(toSlot));
  }

  #number(output: string, operation: string): number {
    const number = parseNumber(output);
    if (number !== undefined) return number;
    throw new OperatorError(
      "CHANGER_FAILED",
      `changer "${this.name}" (${this.settings.command}): "${operation}" gave no number but "${output.trim().slice(0, 200)}"`,
    );
  }

  async #run(
    operation: string,
    drive: Drive,
    slot: number,
    doing: string,
    cause?: MoveCause,
    archiveDevice: string = drive.archiveDevice,
  ): Promise<string> {
    const codes = {
      changerDevice: this.settings.changerDevice,
      driveIndex: drive.index,
      archiveDevice,
      controlDevice: drive.controlDevice,
      slot,
      volume: cause?.volume ?? "",
      client: cause?.client ?? "",
      job: cause?.job ?? "",
    };
    const full = `changer "${this.name}": ${doing}`;
    this.doing = doing;
    try {
      await this.#lock("lock", codes);
      try {
        return await runProgram(commandWords(this.settings.command, { ...codes, operation }), {
          doing: full,
          timeoutMs: drive.changerWaitMs,
        });
      } finally {
        await this.#lock("unlock", codes);
      }
    } finally {
      this.doing = "";
    }
  }

  async #lock(operation: "lock" | "unlock", codes: Omit<Parameters<typeof commandWords>[1], "operation">): Promise<void> {
    const { lockCommand } = this.settings;
    if (lockCommand === "") return;
    await runProgram(commandWords(lockCommand, { ...codes, operation }), {
      doing: `changer "${this.name}": Lock Command (${operation})`,
      timeoutMs: LOCK_MS,
    });
  }
}
