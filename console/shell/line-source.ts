import { createReadStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";

/** Longest line of input, in bytes; a longer one is refused. */
const LINE_BYTES_MAX = 1024 * 1024;

/** Where lines of input come from. */
export interface LineSource {
  /** The next line without its end; null at the end of input; rejects with the signal's reason when it aborts. */
  next(prompt: LinePrompt, signal: AbortSignal): Promise<string | null>;
  close(): void;
}

/** What the person is asked for. Sources that nobody types on ignore it. */
export interface LinePrompt {
  readonly text: string;
  /** Neither echoed nor kept in the history. */
  readonly secret: boolean;
  /** A command, not an answer: only commands are kept in the history and completed. */
  readonly command: boolean;
}

/** Lines of a byte stream: the standard input that is no terminal, or a file of `@input`. */
export class StreamLines implements LineSource {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #decoder = new StringDecoder("utf8");
  readonly #lines: string[] = [];
  #rest = "";
  #ended = false;
  #reading: Promise<void> | null = null;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Lines of a file. An unreadable file fails at the first line. */
  static ofFile(path: string): StreamLines {
    return new StreamLines(createReadStream(path));
  }

  async next(_prompt: LinePrompt, signal: AbortSignal): Promise<string | null> {
    while (this.#lines.length === 0 && !this.#ended) {
      signal.throwIfAborted();
      this.#reading ??= this.#read().finally(() => (this.#reading = null));
      await untilAborted(this.#reading, signal);
    }
    return this.#lines.shift() ?? null;
  }

  close(): void {
    this.#ended = true;
    this.#lines.length = 0;
    void this.#chunks.return?.();
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    const text = this.#rest + (done === true ? this.#decoder.end() : this.#decoder.write(value));
    const parts = text.split("\n");
    this.#rest = parts.pop()!;
    if (this.#rest.length > LINE_BYTES_MAX) throw new Error(`a line of input is longer than ${LINE_BYTES_MAX} bytes`);
    this.#lines.push(...parts.map((part) => part.replace(/\r$/, "")));
    if (done !== true) return;
    this.#ended = true;
    if (this.#rest !== "") this.#lines.push(this.#rest);
    this.#rest = "";
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
