import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { splitCommand } from "#lib/base/split-command.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { pipeCalls } from "./pipe-calls.ts";
import type { ChildProcess } from "node:child_process";

/** What is opened: a program ("|command") or a named pipe, for one Volume. */
export interface PipeWish {
  readonly device: string;
  readonly archiveDevice: string;
  readonly volume: string;
  readonly mode: "read" | "write";
  /** How long nothing may move, and how long a named pipe may have nobody at its other end; milliseconds, 0: for ever. */
  readonly timeoutMs: number;
  readonly openWaitMs: number;
  /** Becomes 1 when nobody waits for it any more. */
  readonly stop: Int32Array;
}

/** Most of the program's words that are kept. */
const WORDS_BYTES_MAX = 4096;

/** Longest sleep between two looks whether the job was canceled. */
const SLICE_MS = 200;

/**
 * The other end of a pipe, from a thread that may block: a program of the administrator (no shell, a process group of its own), or a named
 * pipe. Every wait is bounded. What the program writes to its standard error (and output, where that is not the data) is kept for messages.
 */
export class PipeProgram {
  readonly #wish: PipeWish;
  #child: ChildProcess | undefined;
  #exit: Promise<string> | undefined;
  #data: number | undefined;
  #words: number | undefined;
  #said = Buffer.alloc(0);
  #hasRead = false;

  private constructor(wish: PipeWish) {
    this.#wish = wish;
  }

  /** Starts the program, or opens the named pipe. DEVICE_OPEN_FAILED, DEVICE_PROGRAM_FAILED. */
  static open(wish: PipeWish): PipeProgram {
    const pipe = new PipeProgram(wish);
    if (wish.archiveDevice.startsWith("|")) pipe.#start();
    else pipe.#openNamed();
    return pipe;
  }

  /** Writes all of it. DEVICE_PROGRAM_FAILED when the program has ended or takes nothing for too long. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const count = this.#try("write", (fd) => writeSync(fd, bytes, at));
      at += count;
    }
  }

  /** Reads what is there, at least a byte; 0 at the end. */
  read(into: Uint8Array): number {
    const deadline = performance.now() + this.#wish.openWaitMs;
    for (;;) {
      const count = this.#try("read", (fd) => readSync(fd, into));
      this.#hasRead ||= count > 0;
      // A named pipe that nobody has opened for writing yet looks as if it were at its end.
      const isEarly = count === 0 && !this.#hasRead && this.#child === undefined;
      if (!isEarly || performance.now() > deadline || this.#isStopped) return count;
      sleepHere(SLICE_MS);
    }
  }

  /** It was read to its end and there was nothing. */
  gaveNothing(): OperatorError {
    return this.#failed("gave no data");
  }

  /** Closes the data and waits until the program has ended. DEVICE_PROGRAM_FAILED unless it ended well. */
  async finish(): Promise<void> {
    this.#closeData();
    if (this.#exit === undefined) return;
    const { timeoutMs } = this.#wish;
    const deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    const ended = await this.#exited(deadline);
    this.#listen();
    if (ended === "") return;
    throw this.#failed(ended);
  }

  /** Lets go of everything; a program that still runs is killed with all that it has started. */
  close(): void {
    this.#closeData();
    this.#kill();
    if (this.#words !== undefined) closeSync(this.#words);
    this.#words = undefined;
  }

  #kill(): void {
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  }

  #start(): void {
    const { archiveDevice, volume, mode, device } = this.#wish;
    const words = splitCommand(archiveDevice.slice(1)).map((word) =>
      word.replaceAll(/%([vo%])/g, (_all, code: string) => (code === "%" ? "%" : code === "v" ? volume : mode)),
    );
    const [program, ...args] = words;
    if (program === undefined)
      throw new OperatorError("DEVICE_OPEN_FAILED", `device "${device}": no program stands behind the |`);
    const calls = pipeCalls();
    const data = calls.pipe();
    const said = calls.pipe();
    const theirs = mode === "write" ? data.readEnd : data.writeEnd;
    this.#data = mode === "write" ? data.writeEnd : data.readEnd;
    this.#words = said.readEnd;
    try {
      const child = spawn(program, args, {
        stdio: mode === "write" ? [theirs, said.writeEnd, said.writeEnd] : ["ignore", theirs, said.writeEnd],
        detached: true,
        env: { ...process.env, NOCTURNE_VOLUME: volume, NOCTURNE_OPERATION: mode },
      });
      this.#child = child;
      const { promise, resolve } = Promise.withResolvers<string>();
      this.#exit = promise;
      child.once("error", (error) => resolve(`cannot be run (${error.message})`));
      child.once("exit", (code, signal) => resolve(code === 0 ? "" : `ended with ${signal ?? `status ${code}`}`));
    } finally {
      closeSync(theirs);
      closeSync(said.writeEnd);
    }
  }

  #openNamed(): void {
    const { archiveDevice, mode, device, openWaitMs } = this.#wish;
    const flags = (mode === "write" ? constants.O_WRONLY : constants.O_RDONLY) | constants.O_NONBLOCK;
    const deadline = performance.now() + openWaitMs;
    for (;;) {
      try {
        this.#data = openSync(archiveDevice, flags);
        return;
      } catch (cause) {
        const isAlone = systemErrorCode(cause) === "ENXIO";
        if (!isAlone || performance.now() > deadline || this.#isStopped) {
          const why = isAlone ? `nobody has opened ${archiveDevice} for reading` : `${archiveDevice} cannot be opened`;
          throw new OperatorError("DEVICE_OPEN_FAILED", `device "${device}": ${why}`, { cause });
        }
      }
      sleepHere(SLICE_MS);
    }
  }

  get #isStopped(): boolean {
    return Atomics.load(this.#wish.stop, 0) !== 0;
  }

  /** Tries until the pipe lets something through. */
  #try(doing: "read" | "write", work: (fd: number) => number): number {
    const { timeoutMs } = this.#wish;
    const deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    for (;;) {
      const fd = this.#data;
      if (fd === undefined) throw this.#failed("was ended before");
      try {
        return work(fd);
      } catch (error) {
        const code = systemErrorCode(error);
        if (code === "EPIPE") throw this.#failed("takes no more data");
        if (code !== "EAGAIN") throw this.#failed(`cannot be ${doing === "read" ? "read from" : "written to"} (${code})`);
      }
      if (this.#isStopped) throw this.#abandoned("was given up");
      if (performance.now() > deadline)
        throw this.#abandoned(`has stood still for ${Math.round(timeoutMs / 1000)} seconds (IO Timeout)`);
      const words = this.#words === undefined ? [] : [{ fd: this.#words, wants: "read" as const }];
      const [, hasWords] = pipeCalls().poll([{ fd, wants: doing }, ...words], SLICE_MS);
      if (hasWords === true) this.#listen();
    }
  }

  /** Takes what the program has said. */
  #listen(): void {
    const part = Buffer.alloc(WORDS_BYTES_MAX);
    while (this.#words !== undefined) {
      let count = 0;
      try {
        count = readSync(this.#words, part);
      } catch {
        return; // nothing at the moment
      }
      if (count === 0) {
        closeSync(this.#words);
        this.#words = undefined;
      }
      this.#said = Buffer.concat([this.#said, part.subarray(0, count)]).subarray(-WORDS_BYTES_MAX);
    }
  }

  /** How the program ended; "": well. While it is waited for, what it says is taken, so that it does not wait for us. */
  async #exited(deadline: number): Promise<string> {
    const late = Symbol("late");
    for (;;) {
      this.#listen();
      const slice = Promise.withResolvers<typeof late>();
      const timer = setTimeout(() => slice.resolve(late), SLICE_MS / 4);
      const ended = await Promise.race([this.#exit ?? "", slice.promise]);
      clearTimeout(timer);
      if (ended !== late) return ended;
      if (performance.now() > deadline) return "did not end after its data (IO Timeout)";
      if (this.#isStopped) return "was given up";
    }
  }

  #closeData(): void {
    if (this.#data !== undefined) closeSync(this.#data);
    this.#data = undefined;
  }

  /** As `failed`, of a program that nobody waits for any longer: it ends at once, or it would outlive a daemon that is stopped now. */
  #abandoned(what: string): OperatorError {
    const error = this.#failed(what);
    this.#kill();
    return error;
  }

  /** What is told when it does not do what it should; with what it has said. */
  #failed(what: string): OperatorError {
    this.#listen();
    const said = this.#said
      .toString("utf8")
      .trim()
      .replaceAll(/\s*\n\s*/g, "; ")
      .replaceAll(/[^\P{Cc}]/gu, "?");
    const { device, archiveDevice, volume } = this.#wish;
    const words = this.#child === undefined ? "" : ` Its output: ${said === "" ? "none" : said}`;
    return new OperatorError(
      "DEVICE_PROGRAM_FAILED",
      `device "${device}", Volume "${volume}": ${archiveDevice} ${what}.${words}`,
    );
  }
}

/** Lets this thread sleep: nobody else waits on it. */
function sleepHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of the group have ended.
  }
}
