import { formatProblem } from "#lib/config/problem.ts";
import { runDaemon } from "#lib/daemon/run.ts";

/* nocturne-fd: reads and writes the files of one client. */

process.exitCode = await runDaemon(
  {
    program: "nocturne-fd",
    configFile: "bacula-fd.conf",
    load: async (path) => (await import("./config/load.ts")).loadFileDaemonConfig(path),
    facts: (config) => ({
      name: config.fileDaemon.name,
      port: config.fileDaemon.fdPort,
      workingDirectory: config.fileDaemon.workingDirectory,
      pidDirectory: config.fileDaemon.pidDirectory,
      warnings: config.warnings.map(formatProblem),
    }),
    start: async (config, context) => (await import("./daemon.ts")).FileDaemon.start(config, context),
  },
  process.argv.slice(2),
);
