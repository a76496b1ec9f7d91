import { runTool } from "#stored/tools/run-tool.ts";
import { chosenCatalog, describeCatalog, isDirectorRunning } from "./chosen-catalog.ts";
import { Catalog } from "#catalog/catalog.ts";
import { Session } from "./session.ts";
import { StdinLines } from "./stdin-lines.ts";

/* dbcheck: looks a catalog through for what no part of the product leaves behind, and mends it. */

const USAGE = `Usage: dbcheck [-c FILE] [-B] [-C CATALOG] [-d N] [WORKING-DIRECTORY DATABASE USER PASSWORD [HOST] [PORT]]
       -b              batch mode
       -C              catalog name in the director conf file
       -c              Director conf filename
       -B              print catalog configuration and exit
       -d <nn>         set debug level to <nn>
       -dt             print a timestamp in debug output
       -f              fix inconsistencies
       -v              verbose
       -?              print this message
`;

process.exitCode = await runTool(
  {
    program: "dbcheck",
    letters: "bc:C:fvB",
    operands: [0, 10],
    operandsWrong: "Wrong number of arguments.",
    usage: USAGE,
  },
  process.argv.slice(2),
  async (line, voice) => {
    const chosen = await chosenCatalog({ configFile: line.value("c"), catalogName: line.value("C"), operands: line.operands });
    for (const warning of chosen.warnings) voice.plain(warning);
    if (line.has("B")) {
      for (const fact of describeCatalog(chosen)) voice.plain(fact);
      return 0;
    }
    await using catalog = await Catalog.open(chosen.options);
    using answers = new StdinLines();
    const session = new Session(catalog, voice, answers, {
      fixes: line.has("f"),
      isVerbose: line.has("v"),
      mayChangePaths: async () => !(await isDirectorRunning(chosen)),
    });
    await (line.has("b") ? session.batch() : session.interactive());
    return voice.errors === 0 ? 0 : 1;
  },
);
