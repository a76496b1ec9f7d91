import { parseArgs, type ParseArgsConfig } from "node:util";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Reads flags and words; an unknown flag or a missing value is told in one line (SETUP_USAGE). */
export function readArguments<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: T,
  wordsMax: number,
) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const surplus = parsed.positionals[wordsMax];
    if (surplus !== undefined) throw new Error(`"${surplus}" is one word too many`);
    return parsed;
  } catch (cause) {
    throw new OperatorError("SETUP_USAGE", cause instanceof Error ? cause.message : String(cause), { hint: "nocturne help" });
  }
}

/** A port from 1 to `max`. */
export function portNumber(text: string, max = 65_535): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= max) return port;
  throw new OperatorError("SETUP_USAGE", `"${text}" is not a port from 1 to ${max}`, { hint: "nocturne help" });
}
