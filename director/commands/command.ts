import type { Catalog } from "#catalog/catalog.ts";
import type { ArgumentRules, Arguments } from "./arguments.ts";
import type { Operator } from "./authorize.ts";
import type { ApiMode, ExitCode, OutputQuestion, OutputRow, TableShape } from "./output.ts";
import type { DirectorServices } from "./services.ts";

/** What an operator has set for the session. */
export interface SessionSettings {
  /** Catalog chosen by `use`; undefined: the first that the operator may see. */
  catalog: string | undefined;
  api: ApiMode;
  gui: boolean;
  autoDisplay: boolean;
  autoMount: boolean;
  /** Whether the session has been told which catalog it uses. */
  catalogTold: boolean;
  interactive: boolean;
}

/** A command's way to the operator, and to the Director. One for each command that is run. */
export interface CommandContext {
  readonly director: DirectorServices;
  readonly operator: Operator;
  readonly settings: SessionSettings;
  /** Aborts on Ctrl-C, when the console goes, and when the Director ends. Every wait takes it. */
  readonly signal: AbortSignal;
  /** The words of the line behind the command, as typed. */
  readonly line: string;
  /** Shows text; its line ends are the caller's. Waits for a slow console. */
  say(text: string): Promise<void>;
  /** Shows a table as its rows arrive, in pages. */
  table(shape: TableShape, pages: AsyncIterable<readonly OutputRow[]> | Iterable<readonly OutputRow[]>): Promise<void>;
  progress(text: string, done?: number, total?: number): Promise<void>;
  /** Asks; answers the line typed, trimmed, or the fallback. Throws `LeavePrompt` on `.`, ANSWER_MISSING at the end of input. */
  ask(question: OutputQuestion): Promise<string>;
  /** Tells the console how to render what follows. */
  setApi(mode: ApiMode): Promise<void>;
  /** Catalog of the session. Throws if the operator may see none. */
  catalog(): Promise<Catalog>;
  /** Code with which the command ends, when it is not 0. The highest counts. */
  fail(code: ExitCode): void;
}

/** One command of the operator's language. */
export interface Command extends ArgumentRules {
  readonly name: string;
  /** One line for `help`. */
  readonly help: string;
  /** Keywords and values for `help COMMAND`. */
  readonly usage: string;
  /** The rest of the line is one text, not keywords (`.sql`). */
  readonly raw?: boolean;
  /** Does it. "quit" ends the session. */
  run(context: CommandContext, args: Arguments): Promise<"quit" | void>;
}

/** The operator answered `.`: the command ends, nothing is done. */
export class LeavePrompt extends Error {
  override readonly name = "LeavePrompt";
}
