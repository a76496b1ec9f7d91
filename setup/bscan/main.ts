import { existsSync } from "node:fs";
import { directorLanguage } from "#director/config/load.ts";
import { configPath } from "#lib/config/default-path.ts";
import { bscan, bscanSpec } from "#stored/tools/bscan.ts";
import { runTool } from "#stored/tools/run-tool.ts";
import { chosenCatalog } from "../dbcheck/chosen-catalog.ts";

/* bscan: puts what lies on Volumes into a catalog. Here, and not beside the other tools, because it may be told a Director's configuration. */

process.exitCode = await runTool(bscanSpec, process.argv.slice(2), async (line, voice, signal) => {
  return await bscan(line, voice, signal, async (given, catalogName) => {
    const configFile = await configPath(directorLanguage.fileName, given);
    if (given === undefined && !existsSync(configFile)) return undefined;
    return (await chosenCatalog({ configFile, catalogName, operands: [] })).options;
  });
});
