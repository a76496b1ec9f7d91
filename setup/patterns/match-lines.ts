import { createInterface } from "node:readline";
import { createReadStream } from "node:fs";
import { access, constants } from "node:fs/promises";
import { decodeName } from "#lib/base/byte-name.ts";
import { EXIT_FAILED } from "#stored/tools/run-tool.ts";
import type { ToolLine } from "#stored/tools/tool-line.ts";
import type { ToolVoice } from "#stored/tools/tool-voice.ts";

/** One of the programs that try patterns on the lines of a file. */
export interface PatternTool {
  readonly prompt: string;
  /** What is said before what is wrong with a pattern. */
  readonly refusal: string;
  /** What tells whether a line matches. Throws RangeError for a pattern that is none. */
  compile(pattern: string): (line: string) => boolean;
}

/**
 * Asks for patterns until an empty line or the end of the input, and prints which lines of the data file match each: with numbers (not
 * with -l), or those that do not match (-n). A pattern that is none is told, and the next one is asked for. Answers the exit code.
 */
export async function matchLines(tool: PatternTool, line: ToolLine, voice: ToolVoice): Promise<number> {
  const file = line.value("f");
  const fault = file === undefined ? "A data file must be specified (-f FILE; -? for help)." : await whyUnreadable(file);
  if (file === undefined || fault !== undefined) {
    voice.plain(fault!);
    return EXIT_FAILED;
  }
  const prompt = () => {
    voice.flush();
    process.stdout.write(tool.prompt);
  };
  prompt();
  for await (const pattern of linesOf(process.stdin)) {
    if (pattern === "") break;
    await showMatches(tool, pattern, { file, line, voice });
    prompt();
  }
  voice.plain("");
  return 0;
}

async function whyUnreadable(file: string): Promise<string | undefined> {
  try {
    await access(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return `Could not open data file: ${file}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function showMatches(
  tool: PatternTool,
  pattern: string,
  { file, line, voice }: { readonly file: string; readonly line: ToolLine; readonly voice: ToolVoice },
): Promise<void> {
  let matches: (line: string) => boolean;
  try {
    matches = tool.compile(pattern);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    voice.plain(`${tool.refusal}: ${error.message}`);
    return;
  }
  let number = 0;
  for await (const text of linesOf(createReadStream(file))) {
    number += 1;
    if (matches(text) === line.has("n")) continue;
    voice.plain(line.has("l") ? text : `${String(number).padStart(5)}: ${text}`);
  }
}

/** Lines as names are carried: bytes that are no UTF-8 stay what they are. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  input.setEncoding("latin1");
  for await (const text of createInterface({ input, crlfDelay: Infinity })) yield decodeName(Buffer.from(text, "latin1"));
}
