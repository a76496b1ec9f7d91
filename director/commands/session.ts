import type { Catalog } from "#catalog/catalog.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { mayAccess, operatorOf, type Operator } from "./authorize.ts";
import { LeavePrompt, type CommandContext, type SessionSettings } from "./command.ts";
import type { ApiMode, ExitCode, Output, OutputQuestion, OutputRow, TableShape } from "./output.ts";
import type { DirectorServices } from "./services.ts";

/** The far end of a session: takes output, gives answers. */
export interface Conversation {
  /** Resolves when there is room for more. */
  send(output: Output): Promise<void>;
  /** The next line of the operator; null at the end of input. Rejects when the signal aborts. */
  answer(signal: AbortSignal): Promise<string | null>;
}

/** Who sits there, and how. */
export interface SessionFacts {
  /** Name that the login proved. */
  readonly console: string;
  readonly interactive: boolean;
}

/** Rows of a table that go to the console in one message. */
const PAGE_ROWS = 500;
/** Characters of text that go to the console in one message. */
const TEXT_CHARS = 256 * 1024;

/** What lasts between the commands of one console: who the operator is, and what was set. */
export class ConsoleSession {
  readonly director: DirectorServices;
  readonly settings: SessionSettings;
  readonly #conversation: Conversation;
  readonly #console: string;

  constructor(director: DirectorServices, conversation: Conversation, facts: SessionFacts) {
    this.director = director;
    this.#conversation = conversation;
    this.#console = facts.console;
    this.settings = {
      catalog: undefined,
      api: 0,
      gui: false,
      autoDisplay: false,
      autoMount: true,
      catalogTold: false,
      interactive: facts.interactive,
    };
  }

  /** The operator's rights, as the configuration in force gives them. */
  get operator(): Operator {
    return operatorOf(this.#console, this.director.config());
  }

  /** A context for one command. */
  context(line: string, signal: AbortSignal): SessionContext {
    return new SessionContext(this, this.#conversation, line, signal);
  }

  /** The catalog that commands use, by name; told once. Throws RESOURCE_UNKNOWN if the operator may see none. */
  async catalog(say: (text: string) => Promise<void>): Promise<Catalog> {
    const { settings, director, operator } = this;
    settings.catalog ??= [...director.config().catalogs.keys()].find((name) => mayAccess(operator, { kind: "catalog", name }));
    if (settings.catalog === undefined)
      throw new OperatorError("RESOURCE_UNKNOWN", "there is no catalog that this console may use");
    const catalog = director.catalog(settings.catalog);
    if (!settings.catalogTold && settings.api === 0) await say(`Using Catalog "${settings.catalog}"\n`);
    settings.catalogTold = true;
    return catalog;
  }
}

/** The context of one command of a session. */
export class SessionContext implements CommandContext {
  readonly line: string;
  readonly signal: AbortSignal;
  readonly operator: Operator;
  code: ExitCode = 0;
  readonly #session: ConsoleSession;
  readonly #conversation: Conversation;

  constructor(session: ConsoleSession, conversation: Conversation, line: string, signal: AbortSignal) {
    this.#session = session;
    this.#conversation = conversation;
    this.line = line;
    this.signal = signal;
    this.operator = session.operator;
  }

  get director(): DirectorServices {
    return this.#session.director;
  }

  get settings(): SessionSettings {
    return this.#session.settings;
  }

  async say(text: string): Promise<void> {
    this.signal.throwIfAborted();
    for (let at = 0; at < text.length; at += TEXT_CHARS)
      await this.#conversation.send({ kind: "text", text: text.slice(at, at + TEXT_CHARS).toWellFormed() });
  }

  async table(shape: TableShape, pages: AsyncIterable<readonly OutputRow[]> | Iterable<readonly OutputRow[]>): Promise<void> {
    await this.#conversation.send({ kind: "tableHead", shape });
    for await (const page of pages) {
      this.signal.throwIfAborted();
      for (let at = 0; at < page.length; at += PAGE_ROWS) {
        const rows = page.slice(at, at + PAGE_ROWS).map((row) => row.map((value) => value.toWellFormed()));
        await this.#conversation.send({ kind: "tableRows", rows });
      }
    }
    await this.#conversation.send({ kind: "tableEnd" });
  }

  async progress(text: string, done = 0, total = 0): Promise<void> {
    this.signal.throwIfAborted();
    await this.#conversation.send({ kind: "progress", text: text.toWellFormed(), done, total });
  }

  async ask(question: OutputQuestion): Promise<string> {
    await this.#conversation.send({ kind: "question", question });
    const answer = await this.#conversation.answer(this.signal);
    if (answer === null) {
      throw new OperatorError(
        "ANSWER_MISSING",
        `the input ended at the question "${question.prompt.trim()}"; nothing was done`,
        {
          hint: "give the answer on the command line or as the next line of input",
        },
      );
    }
    const trimmed = answer.trim();
    if (trimmed === ".") throw new LeavePrompt();
    return trimmed === "" ? (question.fallback ?? "") : trimmed;
  }

  async setApi(mode: ApiMode): Promise<void> {
    this.settings.api = mode;
    await this.#conversation.send({ kind: "api", mode });
  }

  catalog(): Promise<Catalog> {
    return this.#session.catalog((text) => this.say(text));
  }

  fail(code: ExitCode): void {
    if (code > this.code) this.code = code;
  }
}
