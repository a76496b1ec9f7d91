import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { parseArguments, splitLine } from "./arguments.ts";
import { operatorName, requireAccess } from "./authorize.ts";
import { LeavePrompt, type Command } from "./command.ts";
import type { ExitCode } from "./output.ts";
import type { ConsoleSession, SessionContext } from "./session.ts";
import { commandTable } from "./table.ts";

/** How a line ended. */
export interface LineOutcome {
  readonly code: ExitCode;
  readonly quit: boolean;
}

/**
 * Runs one line of the operator. Failures are told to the operator and end in a code, never in an exception, save when the
 * conversation itself is over.
 */
export async function runLine(session: ConsoleSession, line: string, signal: AbortSignal): Promise<LineOutcome> {
  const text = line.trim();
  if (text === "" || text === "." || text.startsWith("#")) return { code: 0, quit: false };
  const context = session.context(text, signal);
  try {
    const quit = (await runCommand(context, text)) === "quit";
    return { code: context.code, quit };
  } catch (error) {
    return { code: await tellFailure(session, error, signal), quit: false };
  }
}

/** The command that a word means: its full name, or the first in table order that begins with it. */
export function findCommand(word: string): Command | undefined {
  const wanted = word.toLowerCase();
  if (wanted === "" || wanted === ".") return undefined;
  return (
    commandTable.find((command) => command.name === wanted) ?? commandTable.find((command) => command.name.startsWith(wanted))
  );
}

async function runCommand(context: SessionContext, text: string): Promise<"quit" | void> {
  const word = /^\S+/.exec(text)![0];
  const command = findCommand(word);
  if (command === undefined) throw new OperatorError("COMMAND_UNKNOWN", `${word}: is an invalid command.`);
  requireAccess(context.operator, { kind: "command", command: command.name });
  const rest = text.slice(word.length).trim();
  const args =
    command.raw === true
      ? parseArguments(command.name, [rest], { keywords: [], words: true })
      : parseArguments(command.name, splitLine(rest), command);
  if (!readOnly.has(command.name)) context.director.audit(`console "${operatorName(context.operator)}": ${maskSecrets(text)}`);
  return await command.run(context, args);
}

/** Commands that change nothing are not worth a line in the Director's log. */
const readOnly: ReadonlySet<string> = new Set([
  "messages",
  "list",
  "llist",
  "show",
  "status",
  ".overview",
  "time",
  "version",
  "help",
  "wait",
  "quit",
  "exit",
  "estimate",
]);

function maskSecrets(text: string): string {
  return text.replaceAll(/(pass(?:word|wd)?\s*=\s*)\S+/gi, "$1****").slice(0, 1000);
}

async function tellFailure(session: ConsoleSession, error: unknown, signal: AbortSignal): Promise<ExitCode> {
  // The command's own signal has aborted after Ctrl-C; what is still to be said goes past it.
  const context = session.context("", new AbortController().signal);
  if (error instanceof LeavePrompt) {
    await context.say("Selection aborted, nothing done.\n");
    return 1;
  }
  if (signal.aborted) {
    await context.say("Interrupted.\n");
    return 1;
  }
  if (!(error instanceof OperatorError))
    session.director.audit(`a console command failed in a way that is a fault of ours: ${stackOf(error)}`);
  await context.say(`${describeError(error)}\n`);
  return 2;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
