import { directorLanguage } from "#director/config/load.ts";
import { runConfigJson } from "./config-json.ts";

/* bdirjson: the configuration of one program as JSON. */

process.exitCode = await runConfigJson("bdirjson", directorLanguage, process.argv.slice(2));
