import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import type { LinePrompt, LineSource } from "./line-source.ts";

/** What a terminal needs besides its streams. */
export interface TerminalOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Line editing; false: plain reading (`-n`). */
  readonly editing: boolean;
  /** Earlier lines, newest first. */
  readonly history: readonly string[];
  readonly historyLines: number;
  /** Words that may stand at the end of the line. */
  readonly complete: (line: string) => Promise<readonly string[]>;
  /** Ctrl-C while a line is typed. */
  readonly onInterrupt: () => void;
}

/** Lines typed by a person, with line editing, history and completion. Works on dumb terminals too, without them. */
export class TerminalLines implements LineSource {
  readonly #readline: Interface;
  readonly #output: MutableOutput;
  readonly #typedAhead: string[] = [];
  #waiting: ((line: string | null) => void) | null = null;
  #closed = false;
  #secret = false;
  #completing = false;
  #history: string[];

  constructor(options: TerminalOptions) {
    this.#output = new MutableOutput(options.output);
    this.#history = [...options.history];
    this.#readline = createInterface({
      input: options.input,
      output: this.#output,
      terminal: options.editing,
      history: [...options.history],
      historySize: options.historyLines,
      removeHistoryDuplicates: true,
      prompt: "",
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
        void this.#complete(line, options.complete, done);
      },
    });
    this.#readline.on("line", (line) => this.#take(line));
    this.#readline.on("SIGINT", options.onInterrupt);
    this.#readline.on("close", () => this.#end());
    this.#readline.on("history", (history: string[]) => {
      if (this.#secret || !this.#completing) history.shift();
      this.#history = [...history];
    });
  }

  /** Commands typed so far, newest first. */
  get history(): readonly string[] {
    return this.#history;
  }

  async next(prompt: LinePrompt, signal: AbortSignal): Promise<string | null> {
    signal.throwIfAborted();
    const ahead = this.#typedAhead.shift();
    if (ahead !== undefined) return ahead;
    if (this.#closed) return null;
    this.#secret = prompt.secret;
    this.#completing = prompt.command;
    this.#readline.setPrompt(prompt.text);
    this.#readline.prompt();
    this.#output.muted = prompt.secret;
    const { promise, resolve, reject } = Promise.withResolvers<string | null>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting = resolve;
    try {
      return await promise;
    } finally {
      this.#waiting = null;
      signal.removeEventListener("abort", onAbort);
      this.#endSecret();
    }
  }

  /** Shows the prompt and what was typed again, after other output came between. */
  refresh(): void {
    if (this.#waiting !== null) this.#readline.prompt(true);
  }

  /** Forgets what was typed on the line so far. */
  clearLine(): void {
    if (this.#readline.terminal) this.#readline.write(null, { ctrl: true, name: "e" });
    if (this.#readline.terminal) this.#readline.write(null, { ctrl: true, name: "u" });
    this.#output.write("\n");
  }

  close(): void {
    this.#readline.close();
  }

  #take(line: string): void {
    if (!this.#readline.terminal && this.#completing && !this.#secret && line.trim() !== "") this.#history.unshift(line);
    if (this.#waiting !== null) this.#waiting(line);
    else this.#typedAhead.push(line);
  }

  #end(): void {
    this.#closed = true;
    this.#waiting?.(null);
  }

  #endSecret(): void {
    if (!this.#output.muted) return;
    this.#output.muted = false;
    this.#output.write("\n");
  }

  async #complete(
    line: string,
    complete: TerminalOptions["complete"],
    done: (error: Error | null, result: [string[], string]) => void,
  ): Promise<void> {
    const word = /\S*$/.exec(line)?.[0] ?? "";
    const words = this.#completing ? await complete(line).catch(() => []) : [];
    done(null, [[...words], word]);
  }
}

/** A terminal on which nothing shows while a secret is typed. */
class MutableOutput extends Writable {
  readonly isTTY = true;
  muted = false;
  readonly #terminal: NodeJS.WriteStream;

  constructor(terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on("resize", () => this.emit("resize"));
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  override _write(text: string, encoding: BufferEncoding, done: () => void): void {
    if (this.muted) done();
    else this.#terminal.write(text, encoding, done);
  }
}
