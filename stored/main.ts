import { listenAddresses } from "#lib/config/address-types.ts";
import { formatProblem } from "#lib/config/problem.ts";
import { rpcLog } from "#lib/daemon/logger.ts";
import { runDaemon, setDebugLevel } from "#lib/daemon/run.ts";

/* nocturne-sd: writes and reads Volumes. */

process.exitCode = await runDaemon(
  {
    program: "nocturne-sd",
    configFile: "bacula-sd.conf",
    load: async (path) => (await import("./config/load.ts")).loadStorageConfig(path),
    facts: ({ storage, warnings }) => ({
      name: storage.name,
      port:
        listenAddresses({ addresses: storage.sdAddresses, address: storage.sdAddress, port: storage.sdPort })[0]?.port ??
        storage.sdPort,
      workingDirectory: storage.workingDirectory,
      pidDirectory: storage.pidDirectory,
      warnings: warnings.map(formatProblem),
    }),
    start: async (config, { log }) => {
      const { StorageDaemon } = await import("./daemon.ts");
      return await StorageDaemon.open(config, { log: rpcLog(log), setDebug: ({ level }) => setDebugLevel(log, level) });
    },
  },
  process.argv.slice(2),
);
