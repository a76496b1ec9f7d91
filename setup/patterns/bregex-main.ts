import { compileRegex } from "#lib/base/regex.ts";
import { runTool } from "#stored/tools/run-tool.ts";
import type { ToolSpec } from "#stored/tools/tool-line.ts";
import { matchLines } from "./match-lines.ts";

/* bregex: tries regular expressions, as FileSets have them, on the lines of a file. */

const spec: ToolSpec = {
  program: "bregex",
  letters: "f:ln",
  operands: [0, 0],
  operandsWrong: "the data file is named with -f",
  usage: `Usage: bregex [-d debug_level] -f <data-file>
       -f          specify file of data to be matched
       -l          suppress line numbers
       -n          print lines that do not match
       -d <nn>     set debug level to <nn>
       -dt         print timestamp in debug output
       -?          print this message.`,
};

process.exitCode = await runTool(spec, process.argv.slice(2), async (line, voice) => {
  const compile = (pattern: string) => compileRegex(pattern).test;
  return await matchLines({ prompt: "Enter regex pattern: ", refusal: "Regex compile error", compile }, line, voice);
});
