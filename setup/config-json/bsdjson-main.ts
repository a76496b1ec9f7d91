import { storageLanguage } from "#stored/config/load.ts";
import { runConfigJson } from "./config-json.ts";

/* bsdjson: the configuration of one program as JSON. */

process.exitCode = await runConfigJson("bsdjson", storageLanguage, process.argv.slice(2));
