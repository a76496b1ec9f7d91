import { enableCompileCache } from "node:module";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { RELEASE, uname } from "#lib/rpc/versions.ts";
import { defaultConfigFile } from "../config/default-file.ts";
import { EXIT_STATUS } from "./report.ts";
import { parseStatusFlags, USAGE, type Format } from "./flags.ts";
import { showJsonFailure } from "./show-json.ts";
import { statusLine } from "./show-nagios.ts";

/* bstatus: how all clients of a site are backed up, for people and for monitoring. */

enableCompileCache();

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error; // a reader that has seen enough, such as head
});
const status = await main(process.argv.slice(2));
// Not by letting go: a connection to a Director that hangs would hold the process long after the answer.
process.exit(status);

/** Whatever goes wrong is UNKNOWN, on standard output: that is where monitoring reads. */
async function main(argv: readonly string[]): Promise<number> {
  // Before the flags are understood: how a mistake in them is to be told.
  const format: Format = argv.includes("--json") ? "json" : "text";
  try {
    const flags = parseStatusFlags(argv);
    if (flags.help) return await print(`bstatus ${RELEASE}\n${USAGE}`, 0);
    if (flags.version) return await print(`bstatus Version: ${RELEASE} ${uname()}\n`, 0);
    const { checkSite } = await import("./check-site.ts");
    const { text, exitStatus } = await checkSite(flags, flags.configFile ?? defaultConfigFile());
    return await print(text, exitStatus);
  } catch (error) {
    const text = error instanceof OperatorError ? describeError(error) : `a fault of ours: ${describeError(error)}`;
    return await print(
      format === "json" ? showJsonFailure(text) : `${statusLine(`BACKUP UNKNOWN - ${text}`)}\n`,
      EXIT_STATUS.UNKNOWN,
    );
  }
}

async function print(text: string, exitStatus: number): Promise<number> {
  await new Promise<void>((resolve) => void process.stdout.write(text, () => resolve()));
  return exitStatus;
}
