import { parseArgs } from "node:util";
import { configPath } from "#lib/config/default-path.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { directorLanguage, loadDirectorConfig } from "./config/load.ts";
import { Director } from "./daemon.ts";

const { values } = parseArgs({
  options: {
    config: { type: "string", short: "c" },
    foreground: { type: "boolean", short: "f" },
    test: { type: "boolean", short: "t" },
    debug: { type: "string", short: "d" },
    verbose: { type: "boolean", short: "v" },
  },
});

try {
  const configFile = await configPath(directorLanguage.fileName, values.config);
  const config = await loadDirectorConfig(configFile);
  if (values.test === true) process.exitCode = 0;
  else {
    const director = await Director.open({ configFile, config, debugLevel: Number(values.debug ?? 0) });
    const stop = () => void director[Symbol.asyncDispose]().then(() => process.exit(0));
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
    process.on("SIGHUP", () => void director.reload().catch((error: unknown) => director.log.error("reload", error)));
  }
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
