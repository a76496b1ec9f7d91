import { listenAddresses } from "#lib/config/address-types.ts";
import { formatProblem } from "#lib/config/problem.ts";
import { rpcLog } from "#lib/daemon/logger.ts";
import { runDaemon, setDebugLevel } from "#lib/daemon/run.ts";
import type { DaemonProgram } from "#lib/daemon/run.ts";
import type { StorageConfig } from "./config/load.ts";

/* nocturne-sd: writes and reads Volumes. */

/** Makes stores instead of running the daemon (init-stores.ts). */
const INIT_OPTION = "--init";

const program: DaemonProgram<StorageConfig> = {
  program: "nocturne-sd",
  configFile: "bacula-sd.conf",
  moreUsage: "  --init        make the stores of all Dedup and Btrfs devices that have none, say which, and end\n",
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
};

const args = process.argv.slice(2);
const others = args.filter((arg) => arg !== INIT_OPTION);

process.exitCode =
  others.length === args.length ? await runDaemon(program, args) : await (await import("./init-stores.ts")).initStores(others);
