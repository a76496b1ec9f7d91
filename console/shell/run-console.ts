import { Readable } from "node:stream";
import { DirectorSession } from "../client.ts";
import type { ConsoleConfig } from "../config/load.ts";
import type { DirectorResource } from "../config/director.ts";
import type { ConsoleFlags } from "../flags.ts";
import { Renderer } from "../render/renderer.ts";
import { connectionOf, findConsole, findDirectors } from "../target.ts";
import { readHistory, writeHistory } from "./history.ts";
import { StreamLines, type LineSource } from "./line-source.ts";
import { OutputRouter } from "./output-router.ts";
import { Shell } from "./shell.ts";
import { TerminalLines } from "./terminal-lines.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";

/** What a console session starts from. */
export interface ConsoleStart {
  readonly flags: ConsoleFlags;
  readonly config: ConsoleConfig;
  readonly version: string;
  /** Commands to run first, if the user has such a file. */
  readonly rcFile: string | undefined;
  /** Where typed lines are kept unless the configuration says otherwise. */
  readonly historyFile: string;
}

/** Connects and converses until the end. Answers the exit status; throws OperatorError if there is no session to be had. */
export async function runConsole(start: ConsoleStart): Promise<number> {
  const { flags, config } = start;
  await using cleanup = new AsyncDisposableStack();
  const router = cleanup.use(new OutputRouter(process.stdout));
  const director = await chooseDirector(findDirectors(config, flags.director), flags);
  const console = findConsole(config, director, flags.console);
  const single = flags.commands.length > 0;
  const interactive = !single && process.stdin.isTTY && process.stdout.isTTY;
  if (!single) await router.write(`Connecting to Director ${director.address}:${director.dirPort}\n`);
  const debug = Number(flags.debug ?? 0) >= 50 ? (text: string) => void process.stderr.write(`${text}\n`) : undefined;
  const options = await connectionOf({ director, console }, debug);
  const session = cleanup.use(
    await DirectorSession.open(options, { interactive, columns: process.stdout.columns ?? 0 }, new AbortController().signal),
  );
  const historyFile = director.historyFile ?? start.historyFile;
  const terminal = interactive
    ? await openTerminal(session, flags, { path: historyFile, lines: director.historyFileSize }, () => shell.interrupt())
    : undefined;
  if (terminal !== undefined) cleanup.defer(() => terminal.close());
  const shell: Shell = new Shell({
    session: single ? withoutBanner(session) : session,
    renderer: new Renderer(),
    router,
    input: terminal ?? scriptInput(flags),
    terminal,
    echo: terminal === undefined && !single,
    startFiles: startFiles(start, console?.rcFile),
    version: start.version,
    commandMs: flags.commandTimeout * 1000,
  });
  using signals = catchInterrupts(flags, interactive ? () => shell.interrupt() : undefined);
  void signals;
  const status = await shell.run();
  if (terminal !== undefined) await keepHistory(router, historyFile, terminal, director.historyFileSize);
  return single ? Math.max(status, shell.lastCode) : status;
}

/** The commands to begin with: RCFile of the Console resource, or the user's own file. None with -x. */
function startFiles(start: ConsoleStart, configured: string | undefined): readonly string[] {
  const file = configured ?? start.rcFile;
  return start.flags.commands.length > 0 || file === undefined ? [] : [file];
}

function scriptInput(flags: ConsoleFlags): LineSource {
  if (flags.commands.length > 0)
    return new StreamLines(Readable.from(flags.commands.map((command) => Buffer.from(`${command}\n`))));
  return new StreamLines(process.stdin);
}

async function chooseDirector(directors: readonly DirectorResource[], flags: ConsoleFlags): Promise<DirectorResource> {
  if (directors.length === 1 || flags.commands.length > 0 || !process.stdin.isTTY) return directors[0]!;
  const { createInterface } = await import("node:readline/promises");
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    process.stdout.write(
      `Available Directors:\n${directors.map((one, at) => `${String(at + 1).padStart(2)}: ${one.name} at ${one.address}:${one.dirPort}\n`).join("")}`,
    );
    const answer = (await asking.question(`Select Director by entering a number (1-${directors.length}): `)).trim();
    const chosen = directors[Number(answer) - 1] ?? directors.find((one) => one.name === answer);
    if (chosen === undefined) throw new OperatorError("DIRECTOR_UNKNOWN", `${answer} is no Director of the list`);
    return chosen;
  } finally {
    asking.close();
  }
}

async function openTerminal(
  session: DirectorSession,
  flags: ConsoleFlags,
  history: { readonly path: string; readonly lines: number },
  onInterrupt: () => void,
): Promise<TerminalLines> {
  return new TerminalLines({
    input: process.stdin,
    output: process.stdout,
    editing: !flags.noConio && process.env["TERM"] !== "dumb", // a dumb terminal edits by itself: the kernel's line discipline
    history: await readHistory(history.path, history.lines).catch(() => []),
    historyLines: history.lines,
    complete: (line) => session.complete(line, AbortSignal.timeout(3000)),
    onInterrupt: flags.noSignals ? () => {} : onInterrupt,
  });
}

/** A history that cannot be kept is no reason to fail. */
async function keepHistory(router: OutputRouter, file: string, terminal: TerminalLines, lines: number): Promise<void> {
  try {
    await writeHistory(file, terminal.history, lines);
  } catch (error) {
    await router.write(`The history is not kept: ${describeError(error)}\n`);
  }
}

/** `-x`: what the Director says before the first command is not shown. */
function withoutBanner(session: DirectorSession): Pick<DirectorSession, "send" | "interrupt" | "endInput" | "outputs"> {
  return {
    send: (line) => session.send(line),
    interrupt: () => session.interrupt(),
    endInput: () => session.endInput(),
    async *outputs() {
      let begun = false;
      for await (const output of session.outputs()) {
        begun ||= output?.$case === "ready";
        if (begun && output?.$case !== "messagesWaiting") yield output;
      }
    },
  };
}

/** Ctrl-C outside of the line editor: the shell's business for a person, the end for a script; nothing with -s. */
function catchInterrupts(flags: ConsoleFlags, onInterrupt: (() => void) | undefined): Disposable {
  const listener = flags.noSignals ? () => {} : onInterrupt;
  if (listener === undefined) return { [Symbol.dispose]: () => {} };
  process.on("SIGINT", listener);
  return { [Symbol.dispose]: () => void process.off("SIGINT", listener) };
}
