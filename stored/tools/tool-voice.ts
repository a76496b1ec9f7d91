import { writeSync } from "node:fs";
import { encodeName } from "#lib/base/byte-name.ts";
import { messageTime } from "#lib/base/local-time.ts";
import { LineInput } from "./line-input.ts";

/** Text that is collected before it is written. */
const BUFFER_CHARS = 64 * 1024;

/** How long to wait when a pipe takes no more at the moment. */
const FULL_WAIT_MS = 5;

/** Nothing that is said arrives any more: whoever read it has gone (`isRead` false), or what it was written to is full or broken. */
export class ListenerGone extends Error {
  readonly isRead: boolean;

  constructor(isRead: boolean, cause: unknown) {
    super(isRead ? "the output cannot be written" : "nobody reads the output any more", { cause });
    this.isRead = isRead;
  }
}

/**
 * What a tool prints, in the forms that Bacula's tools have. Written to a descriptor in large pieces, so that a listing of millions of
 * lines costs little and takes no memory.
 */
export class ToolVoice implements Disposable {
  readonly #program: string;
  readonly #fd: number;
  readonly #now: () => number;
  readonly #input = new LineInput();
  #pending: string[] = [];
  #chars = 0;
  /** Errors and fatal errors that were said. */
  errors = 0;

  constructor(program: string, fd = 1, now: () => number = Date.now) {
    this.#program = program;
    this.#fd = fd;
    this.#now = now;
  }

  /** A line as it is. */
  plain(text: string): void {
    this.#pending.push(text, "\n");
    this.#chars += text.length + 1;
    if (this.#chars >= BUFFER_CHARS) this.flush();
  }

  /** `bls: text` */
  say(text: string): void {
    this.plain(`${this.#program}: ${text}`);
  }

  /** `bls JobId 0: text`: an entry of a listing. */
  entry(text: string): void {
    this.plain(`${this.#program} JobId 0: ${text}`);
  }

  /** `21-Nov 13:19 bls JobId 0: text` */
  message(text: string): void {
    this.plain(`${messageTime(this.#now())} ${this.#program} JobId 0: ${text}`);
  }

  /** Something that failed, and is counted; the tool goes on. */
  error(text: string): void {
    this.errors += 1;
    this.message(`Error: ${text}`);
  }

  warning(text: string): void {
    this.message(`Warning: ${text}`);
  }

  /** What ends the tool. */
  fatal(text: string): void {
    this.errors += 1;
    this.message(`Fatal error: ${text}`);
  }

  /** Asks the operator to do something and press return; false when nobody is there. Rejects when aborted. */
  async ask(text: string, signal: AbortSignal): Promise<boolean> {
    this.#pending.push(text);
    this.flush();
    return (await this.#input.next(signal)) !== undefined;
  }

  /** Writes what was collected. Throws ListenerGone when nobody reads it any more. */
  flush(): void {
    const bytes = encodeName(this.#pending.join("")); // names that are no UTF-8 as they are
    this.#pending = [];
    this.#chars = 0;
    for (let at = 0; at < bytes.length;) at += this.#write(bytes, at);
  }

  [Symbol.dispose](): void {
    this.#input[Symbol.dispose]();
    try {
      this.flush();
    } catch (error) {
      if (!(error instanceof ListenerGone)) throw error;
    }
  }

  #write(bytes: Buffer, at: number): number {
    try {
      return writeSync(this.#fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN") throw new ListenerGone(code !== "EPIPE", error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_WAIT_MS);
      return 0;
    }
  }
}
