import { fileDaemonLanguage } from "#filed/config/load.ts";
import { runConfigJson } from "./config-json.ts";

/* bfdjson: the configuration of one program as JSON. */

process.exitCode = await runConfigJson("bfdjson", fileDaemonLanguage, process.argv.slice(2));
