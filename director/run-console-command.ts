import { OperatorError } from "#lib/errors/operator-error.ts";
import { ROOT_CONSOLE } from "./commands/authorize.ts";
import { runLine } from "./commands/dispatch.ts";
import { ConsoleSession } from "./commands/session.ts";
import type { DirectorServices } from "./commands/services.ts";

/** Longest output of a console run script that is kept, in characters. */
const OUTPUT_CHARS_MAX = 1024 * 1024;

/** Runs one console command as the Director itself and answers its text. Questions find the end of input. Throws if the command fails. */
export async function runConsoleCommand(director: DirectorServices, command: string, signal: AbortSignal): Promise<string> {
  let text = "";
  const session = new ConsoleSession(
    director,
    {
      send: async (output) => {
        if (output.kind === "text") text = (text + output.text).slice(0, OUTPUT_CHARS_MAX);
        else if (output.kind === "tableRows")
          text = (text + output.rows.map((row) => `${row.join(" ")}\n`).join("")).slice(0, OUTPUT_CHARS_MAX);
      },
      answer: async () => null,
    },
    { console: ROOT_CONSOLE, interactive: false },
  );
  const outcome = await runLine(session, command, signal);
  if (outcome.code > 1)
    throw new OperatorError("CONSOLE_SCRIPT_FAILED", text.trim() === "" ? `"${command}" failed` : text.trim());
  return text;
}
