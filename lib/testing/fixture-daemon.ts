import { readFile } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { runDaemon } from "#lib/daemon/run.ts";

/*
 * The smallest daemon, for the tests of lib/daemon. Its configuration is JSON: { name, port, workingDirectory, fail?, crash? }.
 */

interface Config {
  readonly name: string;
  readonly port: number;
  readonly workingDirectory: string;
  readonly fail?: string;
  readonly crash?: boolean;
}

process.exitCode = await runDaemon<Config>(
  {
    program: "nocturne-fd",
    configFile: "fixture.json",
    load: async (path) => {
      try {
        return JSON.parse(await readFile(path, "utf8")) as Config;
      } catch (error) {
        throw new OperatorError("CONFIG_UNREADABLE", `cannot read ${path}`, { cause: error });
      }
    },
    facts: (config) => ({ ...config, pidDirectory: undefined, warnings: ["fixture.json:1:1: a warning"] }),
    start: async (config, { log }) => {
      if (config.fail !== undefined) throw new OperatorError("LISTEN_FAILED", config.fail);
      const life = setInterval(() => {
        if (config.crash === true) throw new Error("a fault of ours");
      }, 100);
      return {
        reload: async () => log.info("reloading"),
        [Symbol.asyncDispose]: async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          clearInterval(life);
          log.info("let go");
        },
      };
    },
  },
  process.argv.slice(2),
);
