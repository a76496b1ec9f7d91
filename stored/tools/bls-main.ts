import { bls, blsSpec } from "./bls.ts";
import { runTool } from "./run-tool.ts";

/* bls: lists what lies on Volumes. */

process.exitCode = await runTool(blsSpec, process.argv.slice(2), bls);
