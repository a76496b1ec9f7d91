import { compileWildcard } from "#lib/base/text-match.ts";
import { runTool } from "#stored/tools/run-tool.ts";
import type { ToolSpec } from "#stored/tools/tool-line.ts";
import { matchLines } from "./match-lines.ts";

/* bwild: tries wild-cards, as FileSets have them, on the lines of a file. */

const spec: ToolSpec = {
  program: "bwild",
  letters: "f:iln",
  operands: [0, 0],
  operandsWrong: "the data file is named with -f",
  usage: `Usage: bwild [-d debug_level] -f <data-file>
       -f          specify file of data to be matched
       -i          use case insensitive match
       -l          suppress line numbers
       -n          print lines that do not match
       -d <nn>     set debug level to <nn>
       -dt         print timestamp in debug output
       -?          print this message.`,
};

process.exitCode = await runTool(spec, process.argv.slice(2), async (line, voice) => {
  const compile = (pattern: string) => compileWildcard(pattern, { ignoreCase: line.has("i") });
  return await matchLines({ prompt: "Enter a wild-card: ", refusal: "Wild-card error", compile }, line, voice);
});
