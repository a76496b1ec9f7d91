import { OperatorError } from "#lib/errors/operator-error.ts";
import { PipeProgram } from "./pipe-program.ts";
import { checkedVolumeName } from "./volume-name.ts";
import type { AppendOutcome, Device, Medium } from "./device.ts";
import type { PipeWish } from "./pipe-program.ts";

/** Bacula's VolType number of a Fifo. */
export const PIPE_VOL_TYPE = 4;

/** What the device is made from. */
export interface PipeDeviceFacts {
  readonly name: string;
  readonly archiveDevice: string;
  readonly timeoutMs: number;
  readonly openWaitMs: number;
  readonly stop: Int32Array;
}

/**
 * Programs and named pipes (Device Type = Fifo): what is written goes through once from front to back, and is read back in the same way. Nobody can say what
 * is behind it, so a Volume is there for whoever reads it and is made anew for whoever writes.
 */
export class PipeDevice implements Device {
  readonly volType = PIPE_VOL_TYPE;
  readonly keepsData = true;
  readonly name: string;
  readonly #facts: PipeDeviceFacts;

  constructor(facts: PipeDeviceFacts) {
    this.name = facts.name;
    this.#facts = facts;
  }

  has(): boolean {
    return false;
  }

  open(volume: string, mode: "read" | "append"): Medium {
    if (mode === "append")
      throw new OperatorError("VOLUME_READ_ONLY", `device "${this.name}": what went through a pipe cannot be appended to`);
    return new ReadPipe(this.#wish(volume, "read"));
  }

  create(volume: string, label: Uint8Array): Medium {
    const pipe = new WritePipe(this.#wish(volume, "write"));
    try {
      pipe.start(label);
      return pipe;
    } catch (error) {
      pipe.close();
      throw error;
    }
  }

  space(): undefined {
    return undefined;
  }

  #wish(volume: string, mode: "read" | "write"): PipeWish {
    const { name: device, archiveDevice, timeoutMs, openWaitMs, stop } = this.#facts;
    return { device, archiveDevice, volume: checkedVolumeName(volume), mode, timeoutMs, openWaitMs, stop };
  }
}

/** A Volume that is written through a pipe. */
class WritePipe implements Medium {
  readonly volume: string;
  readonly #pipe: PipeProgram;
  #end = 0;

  constructor(wish: PipeWish) {
    this.volume = wish.volume;
    this.#pipe = PipeProgram.open(wish);
  }

  get end(): number {
    return this.#end;
  }

  start(label: Uint8Array): void {
    this.#pipe.write(label);
    this.#end = label.byteLength;
  }

  readAt(): number {
    throw onlyForward(this.volume);
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    for (const block of blocks) {
      this.#pipe.write(block);
      this.#end += block.byteLength;
    }
    return { kind: "written" };
  }

  relabel(): void {
    throw onlyForward(this.volume);
  }

  truncate(): void {
    throw onlyForward(this.volume);
  }

  startWriteback(): void {}

  /** Durable is what the program has taken and ended well with. Nothing can be written after that. */
  async sync(): Promise<void> {
    await this.#pipe.finish();
  }

  close(): void {
    this.#pipe.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A Volume that is read through a pipe, from front to back; a step back further than what is kept starts the program anew. */
class ReadPipe implements Medium {
  readonly volume: string;
  readonly end = Number.MAX_SAFE_INTEGER;
  readonly #wish: PipeWish;
  #pipe: PipeProgram;
  #position = 0;
  /** What was read last, up to the position. */
  #kept = new Uint8Array(0);
  #isAtEnd = false;

  constructor(wish: PipeWish) {
    this.volume = wish.volume;
    this.#wish = wish;
    this.#pipe = PipeProgram.open(wish);
  }

  readAt(into: Uint8Array, address: number): number {
    if (address < this.#position - this.#kept.byteLength) this.#again();
    while (this.#position < address && !this.#isAtEnd)
      this.#readOn(new Uint8Array(Math.min(1024 * 1024, address - this.#position)));
    const keptFrom = this.#position - this.#kept.byteLength;
    const known = this.#kept.subarray(Math.max(0, address - keptFrom));
    let filled = address < this.#position ? Math.min(known.byteLength, into.byteLength) : 0;
    into.set(known.subarray(0, filled));
    if (filled < into.byteLength && address + filled === this.#position) filled += this.#readOn(into.subarray(filled));
    if (this.#isAtEnd && this.#position === 0) throw this.#pipe.gaveNothing();
    if (filled > 0) this.#keep(into.subarray(0, filled), address);
    return filled;
  }

  append(): AppendOutcome {
    throw onlyForward(this.volume);
  }

  relabel(): void {
    throw onlyForward(this.volume);
  }

  truncate(): void {
    throw onlyForward(this.volume);
  }

  startWriteback(): void {}

  async sync(): Promise<void> {}

  /** Waits for the program when all that it gives was read; one that is left before is killed, and that is no error. */
  async finish(): Promise<void> {
    if (this.#isAtEnd) await this.#pipe.finish();
  }

  close(): void {
    this.#pipe.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Fills `into` from the pipe; answers the bytes, fewer only at the end. */
  #readOn(into: Uint8Array): number {
    let filled = 0;
    while (filled < into.byteLength) {
      const count = this.#pipe.read(into.subarray(filled));
      if (count === 0) {
        this.#isAtEnd = true;
        break;
      }
      filled += count;
    }
    this.#position += filled;
    return filled;
  }

  /** Keeps the bytes that end at the position, so that a reader may step back to a block's begin. */
  #keep(bytes: Uint8Array, address: number): void {
    if (address + bytes.byteLength !== this.#position) return;
    this.#kept = Uint8Array.from(bytes);
  }

  #again(): void {
    this.#pipe.close();
    this.#pipe = PipeProgram.open(this.#wish);
    this.#position = 0;
    this.#kept = new Uint8Array(0);
    this.#isAtEnd = false;
  }
}

function onlyForward(volume: string): OperatorError {
  return new OperatorError(
    "VOLUME_READ_ONLY",
    `Volume "${volume}" goes through a pipe: it can only be written or read from front to back`,
  );
}
