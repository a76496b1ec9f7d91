import type { ProgramLanguage } from "#lib/config/load.ts";
import { loadConfigFile } from "#lib/config/load.ts";
import { configPath } from "#lib/config/default-path.ts";
import { showResource } from "#lib/config/print.ts";
import type { ToolLine, ToolSpec } from "#stored/tools/tool-line.ts";
import type { ToolVoice } from "#stored/tools/tool-voice.ts";
import { runTool } from "#stored/tools/run-tool.ts";
import { type JsonResource, jsonResources } from "./json-value.ts";

function specOf(program: string): ToolSpec {
  return {
    program,
    letters: "r:n:l:DRc:tsv",
    operands: [0, 1],
    operandsWrong: "one configuration file at most",
    usage: `Usage: ${program} [<options>] [config_file]
       -r <res>    get resource type <res>
       -n <name>   get resource <name>
       -l <dirs>   get only directives matching dirs (use with -r)
       -D          get only data
       -R          do not apply JobDefs to Job
       -c <file>   set configuration file to file
       -d <nn>     set debug level to <nn>
       -dt         print timestamp in debug output
       -t          test - read configuration and exit
       -s          output in show text format
       -v          verbose user messages
       -?          print this message.`,
  };
}

/** Runs bdirjson, bsdjson, bfdjson or bbconsjson: the configuration of one program as JSON. Answers the exit code. */
export async function runConfigJson(program: string, language: ProgramLanguage, args: readonly string[]): Promise<number> {
  return await runTool(specOf(program), args, (line, voice) => showConfig(language, line, voice));
}

async function showConfig(language: ProgramLanguage, line: ToolLine, voice: ToolVoice): Promise<number> {
  const path = await configPath(language.fileName, line.value("c") ?? line.operands[0]);
  const { resources } = await loadConfigFile(language, path);
  if (line.has("t")) return 0;
  if (line.has("s")) {
    for (const table of language.tables)
      for (const resource of resources.of(table.namespace).values())
        if (resource.origin.resourceType === table.path) voice.plain(showResource(table, resource).trimEnd());
    return 0;
  }
  const directives = line.value("l")?.split(",");
  const wish = { type: line.value("r"), name: line.value("n"), directives, withInherited: !line.has("R") };
  voice.plain(JSON.stringify(shapeOf(jsonResources(language.tables, resources, wish), line), null, 2));
  return 0;
}

/** A list with the types; with -D without them; one resource where type and name are given; by name where directives are. */
function shapeOf(found: readonly JsonResource[], line: ToolLine): unknown {
  if (line.has("D")) return found.map(({ values }) => values);
  if (line.has("r") && line.has("n")) return found[0]?.values ?? {};
  if (line.has("r") && line.has("l")) return Object.fromEntries(found.map(({ name, values }) => [name, values]));
  return found.map(({ type, values }) => ({ [type]: values }));
}
