import { listenAddresses } from "#lib/config/address-types.ts";
import { formatProblem } from "#lib/config/problem.ts";
import { runDaemon } from "#lib/daemon/run.ts";

process.exitCode = await runDaemon(
  {
    program: "nocturne-dir",
    configFile: "bacula-dir.conf",
    load: async (path) => (await import("./config/load.ts")).loadDirectorConfig(path),
    facts: ({ director, warnings }) => ({
      name: director.name,
      port:
        listenAddresses({ addresses: director.dirAddresses, address: director.dirAddress, port: director.dirPort })[0]?.port ??
        director.dirPort,
      workingDirectory: director.workingDirectory,
      pidDirectory: director.pidDirectory,
      warnings: warnings.map(formatProblem),
    }),
    start: async (config, context) => (await import("./daemon.ts")).Director.open(config, context),
  },
  process.argv.slice(2),
);
