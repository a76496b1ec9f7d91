import { BoundedQueue } from "#lib/base/queue.ts";
import { onAbort } from "#lib/base/abort.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CallContext, Handlers } from "#lib/rpc/call.ts";
import type { ConsoleInput, ConsoleOutput, ConsoleService } from "#proto/console.ts";
import { mayAccess, operatorOf } from "../commands/authorize.ts";
import { completeLine } from "../commands/completion.ts";
import { runLine } from "../commands/dispatch.ts";
import type { Output } from "../commands/output.ts";
import { ConsoleSession, type Conversation } from "../commands/session.ts";
import type { DirectorServices } from "../commands/services.ts";

/** Output that waits for a slow console, in bytes; then the command waits. */
const OUTPUT_BYTES_MAX = 2 * 1024 * 1024;
/** Lines that a console may send ahead. */
const LINES_AHEAD_MAX = 64;

/** Handlers of the Console service: unpack, call, pack. */
export function consoleService(director: DirectorServices): Handlers<typeof ConsoleService> {
  let sessions = 0;
  return {
    session: async function* (inputs, call) {
      const most = director.config().director.maximumConsoleConnections;
      if (most > 0 && sessions >= most) {
        throw new OperatorError(
          "CONSOLES_TOO_MANY",
          `${sessions} consoles are connected, and Maximum Console Connections is ${most}`,
        );
      }
      sessions += 1;
      try {
        yield* serveSession(director, inputs, call);
      } finally {
        sessions -= 1;
      }
    },
    complete: async (request, call) => {
      const config = director.config();
      return { words: completeLine(request.line.slice(0, 4096), config, operatorOf(call.peer.name, config)) };
    },
  };
}

/** One console: its lines in, the outputs of the commands out, until it leaves. */
async function* serveSession(
  director: DirectorServices,
  inputs: AsyncIterable<ConsoleInput>,
  call: CallContext,
): AsyncGenerator<ConsoleOutput> {
  const link = new ConsoleLink(call.signal);
  using stopped = onAbort(call.signal, (reason) => link.close(reason));
  void stopped;
  void link.read(inputs);
  const serving = serveLines(director, link, call).then(
    () => link.outputs.end(),
    (error: unknown) => link.outputs.fail(error),
  );
  try {
    for await (const output of link.outputs) yield { output: packOutput(output) };
  } finally {
    link.close(new Error("the console has left"));
    await serving; // `read` ends with the call, which ends when this generator does
  }
}

async function serveLines(director: DirectorServices, link: ConsoleLink, call: CallContext): Promise<void> {
  const interactive = await link.opened;
  const session = new ConsoleSession(director, link, { console: call.peer.name, interactive });
  const { name } = director.config().director;
  await link.send({
    kind: "text",
    text: `1000 OK: ${name} Version: ${director.version}\nEnter a period to cancel a command.\n`,
  });
  const notice = new MessageNotice(session, link);
  using listening = { [Symbol.dispose]: director.messages.onMessage(() => notice.arrived()) };
  void listening;
  await link.send({ kind: "ready", ok: true, code: 0 });
  for (;;) {
    notice.idle = true;
    const line = await link.answer(call.signal);
    notice.idle = false;
    if (line === null) break;
    const outcome = await runLine(session, line, link.beginCommand());
    link.endCommand();
    if (outcome.quit) break;
    await notice.tell();
    await link.send({ kind: "ready", ok: outcome.code === 0, code: outcome.code });
  }
  await link.send({ kind: "bye" });
}

/** Says once that messages wait, or shows them if the operator wants that. */
class MessageNotice {
  idle = false;
  #told = false;
  readonly #session: ConsoleSession;
  readonly #link: ConsoleLink;

  constructor(session: ConsoleSession, link: ConsoleLink) {
    this.#session = session;
    this.#link = link;
  }

  /** A message has come: a person at the prompt hears of it at once. */
  arrived(): void {
    if (this.idle && this.#session.settings.interactive) this.tell().catch(() => {}); // a console that has left hears nothing
  }

  async tell(): Promise<void> {
    const { director, settings, operator } = this.#session;
    if (!director.messages.waiting) this.#told = false;
    else if (!mayAccess(operator, { kind: "command", command: "messages" })) return;
    else if (settings.autoDisplay) await this.#link.send({ kind: "text", text: director.messages.take() });
    else if (!this.#told && settings.api === 0) {
      this.#told = true;
      await this.#link.send({ kind: "messagesWaiting" });
    }
  }
}

/** The two directions of a session, and the signal of the command at hand. */
class ConsoleLink implements Conversation {
  readonly outputs = new BoundedQueue<Output>({ bytesMax: OUTPUT_BYTES_MAX, bytesOf: outputBytes });
  readonly #lines = new BoundedQueue<{ readonly line: string | null }>({ bytesMax: LINES_AHEAD_MAX, bytesOf: () => 1 });
  readonly #call: AbortSignal;
  readonly #opened = Promise.withResolvers<boolean>();
  #command: AbortController | null = null;

  constructor(call: AbortSignal) {
    this.#call = call;
    this.#opened.promise.catch(() => {}); // a console that leaves before it has opened
  }

  /** Resolves with the console's first message: whether a person sits there. */
  get opened(): Promise<boolean> {
    return this.#opened.promise;
  }

  async send(output: Output): Promise<void> {
    await this.outputs.push(output, this.#call);
  }

  async answer(signal: AbortSignal): Promise<string | null> {
    return (await this.#lines.shift(signal))?.line ?? null;
  }

  /** Signal of a new command: aborts on Ctrl-C and when the console goes. */
  beginCommand(): AbortSignal {
    this.#command = new AbortController();
    return AbortSignal.any([this.#command.signal, this.#call]);
  }

  endCommand(): void {
    this.#command = null;
  }

  close(reason: unknown): void {
    this.#lines.fail(reason);
    this.#opened.reject(reason);
    this.#command?.abort(reason);
  }

  /** Takes what the console sends until it sends no more. */
  async read(inputs: AsyncIterable<ConsoleInput>): Promise<void> {
    try {
      for await (const { input } of inputs) {
        if (input?.$case === "open") this.#opened.resolve(input.value.interactive);
        else if (input?.$case === "interrupt") this.#command?.abort(new Error("interrupted by the operator"));
        else if (input?.$case === "line") await this.#lines.push({ line: input.value });
        else if (input?.$case === "end") await this.#lines.push({ line: null });
      }
      this.#opened.resolve(false);
      this.#lines.end();
    } catch (error) {
      this.close(error);
    }
  }
}

function outputBytes(output: Output): number {
  if (output.kind === "text") return output.text.length * 2 + 16;
  if (output.kind === "tableRows")
    return output.rows.reduce((sum, row) => sum + row.reduce((bytes, value) => bytes + value.length * 2 + 16, 16), 16);
  return 256;
}

function packOutput(output: Output): NonNullable<ConsoleOutput["output"]> {
  switch (output.kind) {
    case "text":
      return { $case: "text", value: output.text };
    case "tableHead":
      return {
        $case: "table",
        value: {
          name: output.shape.name,
          vertical: output.shape.vertical,
          columns: output.shape.columns.map((column) => ({ ...column })),
        },
      };
    case "tableRows":
      return { $case: "rows", value: { rows: output.rows.map((row) => ({ values: [...row] })) } };
    case "tableEnd":
      return { $case: "tableEnd", value: {} };
    case "question": {
      const { prompt, choices, title, fallback, secret } = output.question;
      return {
        $case: "question",
        value: { prompt, choices: [...(choices ?? [])], title: title ?? "", fallback: fallback ?? "", secret: secret ?? false },
      };
    }
    case "progress":
      return { $case: "progress", value: { done: output.done, total: output.total, text: output.text } };
    case "api":
      return { $case: "api", value: { mode: output.mode } };
    case "messagesWaiting":
      return { $case: "messagesWaiting", value: {} };
    case "ready":
      return { $case: "ready", value: { ok: output.ok, code: output.code } };
    case "bye":
      return { $case: "bye", value: {} };
  }
}
