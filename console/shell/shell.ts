import type { DirectorOutput, DirectorSession } from "../client.ts";
import type { Renderer } from "../render/renderer.ts";
import { progressText } from "../render/progress.ts";
import { neutralize } from "../render/text.ts";
import { questionText } from "../render/question.ts";
import { runAtCommand } from "./at-commands.ts";
import { StreamLines, untilAborted, type LinePrompt, type LineSource } from "./line-source.ts";
import type { OutputRouter } from "./output-router.ts";
import type { TerminalLines } from "./terminal-lines.ts";
import type { Question } from "#proto/console.ts";
import { describeError } from "#lib/errors/operator-error.ts";

/** What the session waits for. */
type State =
  | { readonly kind: "busy" }
  | { readonly kind: "ready"; readonly code: number }
  | { readonly kind: "question"; readonly question: Question }
  | { readonly kind: "over"; readonly error: unknown };

/** What a shell is made of. */
export interface ShellOptions {
  readonly session: Pick<DirectorSession, "send" | "interrupt" | "endInput" | "outputs">;
  readonly renderer: Renderer;
  readonly router: OutputRouter;
  /** Where lines come from first. */
  readonly input: LineSource;
  /** The same, if a person types; undefined for scripts. */
  readonly terminal: TerminalLines | undefined;
  /** Whether lines of the first source are shown as they are taken (scripts). */
  readonly echo: boolean;
  /** Files of commands to take before the first source. */
  readonly startFiles: readonly string[];
  readonly version: string;
  /** Longest time for a command, in milliseconds; 0: no limit. */
  readonly commandMs: number;
}

/** Most files of `@input` within each other. */
const INPUT_DEPTH_MAX = 16;

/** The lines of a script or a person, their echo, and what comes back. Knows no command of the Director. */
export class Shell {
  readonly #options: ShellOptions;
  readonly #files: LineSource[] = [];
  readonly #split: string[] = [];
  #state: State = { kind: "busy" };
  #changed = Promise.withResolvers<void>();
  #interrupts = new AbortController();
  #separator = "";
  #progressShown = false;
  #lastCode = 0;
  /** After Ctrl-C what was under way of a long listing is not shown any more. */
  #isInterrupted = false;

  constructor(options: ShellOptions) {
    this.#options = options;
    for (const path of options.startFiles.toReversed()) this.#files.push(StreamLines.ofFile(path));
  }

  /** Runs until `quit`, the end of input or the end of the connection. Answers the exit status. */
  async run(): Promise<number> {
    void this.#pump();
    const status = await this.#converse();
    for (const file of this.#files) file.close();
    return status;
  }

  /** Code of the last command that ended: 0 well, 1 warning, 2 failed, 3 other. */
  get lastCode(): number {
    return this.#lastCode;
  }

  /** Ctrl-C: stops the command, question or `@` command at hand; at the prompt forgets the line. */
  interrupt(): void {
    if (this.#state.kind === "ready") this.#options.terminal?.clearLine();
    else {
      this.#isInterrupted = this.#state.kind === "busy";
      if (this.#state.kind === "question") this.#become({ kind: "busy" });
      if (this.#options.terminal !== undefined) process.stdout.write("\n");
      void this.#options.session.interrupt().catch(() => {});
    }
    this.#interrupts.abort(new Error("interrupted"));
    this.#interrupts = new AbortController();
  }

  async #converse(): Promise<number> {
    for (;;) {
      const state = await this.#settled();
      if (state === "timedOut") return 1;
      if (state.kind === "over") return this.#over(state.error);
      const line = await this.#nextLine(state);
      if (line === "interrupted") continue;
      if (line === null) return await this.#endOfInput(state);
      if (line.startsWith("@")) {
        if ((await this.#runLocal(line)) === "quit") return 0;
      } else {
        this.#become({ kind: "busy" });
        await this.#options.session.send(line).catch(() => {});
      }
    }
  }

  /** The next line, echoed where nobody typed it; null at the end of all input. */
  async #nextLine(state: State): Promise<string | null | "interrupted"> {
    const split = this.#split.shift();
    if (split !== undefined) return await this.#echoed(split);
    const { terminal, router } = this.#options;
    const prompt = promptOf(state);
    const file = this.#files.at(-1);
    if ((file !== undefined || terminal === undefined) && state.kind === "question") await router.write(prompt.text);
    const source = file ?? this.#options.input;
    let line: string | null;
    try {
      line = await source.next(prompt, this.#interrupts.signal);
    } catch (error) {
      if (error instanceof Error && error.message === "interrupted") return "interrupted";
      await router.write(`${describeError(error)}\n`);
      line = null;
    }
    if (line === null) {
      if (file === undefined) return null;
      this.#files.pop()!.close();
      return await this.#nextLine(state.kind === "question" ? { kind: "ready", code: 0 } : state);
    }
    if (file === undefined && terminal !== undefined) await router.noteInput(line);
    const parts = this.#separator === "" || line.startsWith("@") ? [line] : line.split(this.#separator);
    this.#split.push(...parts.slice(1));
    return file === undefined && terminal !== undefined ? parts[0]! : await this.#echoed(parts[0]!);
  }

  async #echoed(line: string): Promise<string> {
    if (this.#options.echo || this.#files.length > 0) await this.#options.router.write(`${line}\n`);
    return line;
  }

  async #runLocal(line: string): Promise<"quit" | void> {
    const { router, version } = this.#options;
    const signal = this.#interrupts.signal;
    try {
      return await runAtCommand(line, {
        write: (text) => router.write(text),
        redirect: (path, options) => router.redirect(path, options),
        resetOutput: () => router.reset(),
        pushFile: (path) => {
          if (this.#files.length >= INPUT_DEPTH_MAX)
            throw new Error(`more than ${INPUT_DEPTH_MAX} input files within each other`);
          this.#files.push(StreamLines.ofFile(path));
        },
        setSeparator: (char) => (this.#separator = char.slice(0, 1)),
        signal,
        version,
        now: () => new Date(),
      });
    } catch (error) {
      await router.write(signal.aborted ? "Interrupted.\n" : `${describeError(error)}\n`);
    }
  }

  /** A question that stands at the end of input is given back, so that the Director drops the command. */
  async #endOfInput(state: State): Promise<number> {
    if (state.kind !== "question") return 0;
    this.#become({ kind: "busy" });
    await this.#options.session.endInput().catch(() => {});
    await this.#settled();
    return 1;
  }

  async #over(error: unknown): Promise<number> {
    if (error === undefined) return 0;
    await this.#options.router.write(`${describeError(error)}\n`);
    return 1;
  }

  /** The state after the command at hand. */
  async #settled(): Promise<State | "timedOut"> {
    const { commandMs, session, router } = this.#options;
    const late = commandMs > 0 ? AbortSignal.timeout(commandMs) : new AbortController().signal;
    while (this.#state.kind === "busy") {
      try {
        await untilAborted(this.#changed.promise, late);
      } catch {
        await session.interrupt().catch(() => {});
        await router.write(`\nThe command took longer than ${commandMs / 1000} seconds; the console ends.\n`);
        return "timedOut";
      }
    }
    return this.#state;
  }

  #become(state: State): void {
    this.#state = state;
    if (state.kind !== "busy") this.#isInterrupted = false;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Shows what the Director says and follows its state. */
  async #pump(): Promise<void> {
    try {
      for await (const output of this.#options.session.outputs()) {
        await this.#show(output);
        if (output?.$case === "bye") break; // the Director waits for us to hang up
      }
      this.#become({ kind: "over", error: undefined });
    } catch (error) {
      this.#become({ kind: "over", error });
    }
  }

  async #show(output: DirectorOutput): Promise<void> {
    const { renderer, router, terminal } = this.#options;
    if (this.#isInterrupted && isBulk(output)) return;
    if (output?.$case === "progress") return this.#showProgress(progressText(output.value));
    this.#clearProgress();
    if (output?.$case === "question") {
      await router.write(questionText({ ...output.value, prompt: "" }));
      this.#become({ kind: "question", question: output.value });
      return;
    }
    const idle = this.#state.kind !== "busy" && terminal !== undefined;
    const text = renderer.render(output);
    await router.write(idle && text !== "" ? `\n${text}` : text);
    if (output?.$case === "ready") {
      this.#lastCode = output.value.code;
      this.#become({ kind: "ready", code: output.value.code });
    } else if (output?.$case === "bye") this.#become({ kind: "over", error: undefined });
    else if (idle && text !== "") terminal.refresh();
  }

  /** Progress is for people alone: one line that is written over. */
  #showProgress(text: string): void {
    if (this.#options.terminal === undefined) return;
    process.stdout.write(`\r\x1b[K${neutralize(text).slice(0, Math.max(20, (process.stdout.columns ?? 80) - 1))}`);
    this.#progressShown = true;
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    process.stdout.write("\r\x1b[K");
    this.#progressShown = false;
  }
}

/** Characters of a text that count as a listing rather than a word to the operator. */
const BULK_CHARS = 1024;

function isBulk(output: DirectorOutput): boolean {
  return (
    output?.$case === "rows" || output?.$case === "progress" || (output?.$case === "text" && output.value.length > BULK_CHARS)
  );
}

function promptOf(state: State): LinePrompt {
  if (state.kind !== "question") return { text: "*", secret: false, command: true };
  return { text: state.question.prompt, secret: state.question.secret, command: false };
}
