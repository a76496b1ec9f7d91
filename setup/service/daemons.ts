import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadDirectorConfig } from "#director/config/load.ts";
import { loadFileDaemonConfig } from "#filed/config/load.ts";
import { type AddressEntry, type ListenAddress, listenAddresses } from "#lib/config/address-types.ts";
import { pidFilePath } from "#lib/daemon/pid-file.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { loadStorageConfig } from "#stored/config/load.ts";

/** The folder of the launchers. */
export const BIN = fileURLToPath(new URL("../../bin", import.meta.url));

/** A daemon of this machine as its configuration describes it. */
export interface LocalDaemon {
  /** Name of its launcher. */
  readonly program: "nocturne-dir" | "nocturne-fd" | "nocturne-sd";
  readonly configFile: string;
  /** The first address on which it listens, as something that can be dialled. */
  readonly host: string;
  readonly port: number;
  readonly workingDirectory: string;
  readonly pidFile: string;
}

interface ListeningResource {
  readonly workingDirectory: string;
  readonly pidDirectory: string | undefined;
}

const LOADERS = {
  "bacula-sd.conf": async (path: string) => {
    const { storage } = await loadStorageConfig(path);
    return describe("nocturne-sd", path, storage, {
      addresses: storage.sdAddresses,
      address: storage.sdAddress,
      port: storage.sdPort,
    });
  },
  "bacula-fd.conf": async (path: string) => {
    const { fileDaemon } = await loadFileDaemonConfig(path);
    return describe("nocturne-fd", path, fileDaemon, {
      addresses: fileDaemon.fdAddresses,
      address: fileDaemon.fdAddress,
      port: fileDaemon.fdPort,
    });
  },
  "bacula-dir.conf": async (path: string) => {
    const { director } = await loadDirectorConfig(path);
    return describe("nocturne-dir", path, director, {
      addresses: director.dirAddresses,
      address: director.dirAddress,
      port: director.dirPort,
    });
  },
} as const;

/** The daemons whose configuration files are in a directory, in the order in which they are started. Throws SETUP_NO_CONFIGURATION. */
export async function localDaemons(configDir: string): Promise<LocalDaemon[]> {
  const found: LocalDaemon[] = [];
  for (const [file, load] of Object.entries(LOADERS)) {
    if (existsSync(join(configDir, file))) found.push(await load(join(configDir, file)));
  }
  if (found.length > 0) return found;
  throw new OperatorError("SETUP_NO_CONFIGURATION", `${configDir} holds no ${Object.keys(LOADERS).join(", ")}`, {
    hint: `name the directory with -c DIR, or make a configuration: nocturne init ${configDir}`,
  });
}

function describe(
  program: LocalDaemon["program"],
  configFile: string,
  resource: ListeningResource,
  listening: { addresses: readonly AddressEntry[]; address: string | undefined; port: number },
): LocalDaemon {
  const first: ListenAddress | undefined = listenAddresses(listening)[0];
  const host = first?.host ?? "127.0.0.1";
  const port = first?.port ?? listening.port;
  return {
    program,
    configFile,
    host: host === "0.0.0.0" || host === "::" || host === "" ? "127.0.0.1" : host,
    port,
    workingDirectory: resource.workingDirectory,
    pidFile: pidFilePath(resource.pidDirectory ?? resource.workingDirectory, program, port),
  };
}
