import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import { readToolLine } from "./tool-line.ts";
import { ListenerGone, ToolVoice } from "./tool-voice.ts";
import type { ToolLine, ToolSpec } from "./tool-line.ts";

/** Ends with this when something was damaged, missing or refused. */
export const EXIT_FAILED = 1;

/** Ends with this when whoever read the output went away: what a shell says of a program that SIGPIPE ended. */
const EXIT_PIPE = 141;

/**
 * Runs a tool from its command line to its end; answers the exit code. `work` answers it too; what an operator can cause it may throw
 * as OperatorError. SIGINT and SIGTERM abort the signal; work that takes none is ended by them at once, as the system does.
 */
export async function runTool(
  spec: ToolSpec,
  args: readonly string[],
  work: (line: ToolLine, voice: ToolVoice, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const command = readToolLine(spec, args);
  using voice = new ToolVoice(spec.program);
  switch (command.kind) {
    case "help":
      voice.plain(usageOf(spec));
      return 0;
    case "version":
      voice.plain(`${spec.program} ${RELEASE} ${uname()}`);
      return 0;
    case "wrong":
      process.stderr.write(`${spec.program}: ${command.message}\n${usageOf(spec)}\n`);
      return EXIT_FAILED;
    case "run":
      break;
  }
  const stop = new AbortController();
  const abort = (): void => stop.abort(new OperatorError("CANCELED", "stopped by a signal"));
  if (work.length > 2) process.once("SIGINT", abort).once("SIGTERM", abort);
  try {
    const code = await work(command.line, voice, stop.signal);
    voice.flush();
    return code;
  } catch (error) {
    if (error instanceof ListenerGone) return listenerGone(spec, error);
    voice.fatal(describeError(error));
    if (!(error instanceof OperatorError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return EXIT_FAILED;
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}

/** Work that was half done is told by the exit code; a full disk is told besides, where it can still be. */
function listenerGone({ program }: ToolSpec, error: ListenerGone): number {
  if (!error.isRead) return EXIT_PIPE;
  process.stderr.write(`${program}: ${describeError(error)}\n`);
  return EXIT_FAILED;
}

function usageOf({ usage }: ToolSpec): string {
  return `\nVersion: Nocturne ${RELEASE}\n\n${usage}`;
}
