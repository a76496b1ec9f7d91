import { consoleLanguage } from "#console/config/load.ts";
import { runConfigJson } from "./config-json.ts";

/* bbconsjson: the configuration of one program as JSON. */

process.exitCode = await runConfigJson("bbconsjson", consoleLanguage, process.argv.slice(2));
