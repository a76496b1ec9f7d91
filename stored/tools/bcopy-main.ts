import { bcopy, bcopySpec } from "./bcopy.ts";
import { runTool } from "./run-tool.ts";

/* bcopy: copies Volumes to others, with blocks of another size if wanted. */

process.exitCode = await runTool(bcopySpec, process.argv.slice(2), bcopy);
