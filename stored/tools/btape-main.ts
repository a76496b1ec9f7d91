import { btape, btapeSpec } from "./btape/btape.ts";
import { runTool } from "./run-tool.ts";

/* btape: tests tape drives. */

process.exitCode = await runTool(btapeSpec, process.argv.slice(2), btape);
