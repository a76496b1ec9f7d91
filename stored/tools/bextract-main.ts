import { bextract, bextractSpec } from "./bextract.ts";
import { runTool } from "./run-tool.ts";

/* bextract: restores files from Volumes, without Director and catalog. */

process.exitCode = await runTool(bextractSpec, process.argv.slice(2), bextract);
