import { isAbsolute } from "node:path";
import { loadConfigFile, loadConfigText, type LoadedConfig, type LoadOptions, type ProgramLanguage } from "#lib/config/load.ts";
import type { MessagesResource } from "#lib/config/message-routes.ts";
import type { ProblemList } from "#lib/config/problem.ts";
import { checkAddresses, checkStatistics, checkTls, only, requireOne, requireSome } from "#lib/config/requirements.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import type { StatisticsResource } from "#lib/config/statistics-resource.ts";
import { checkSharedStores, checkStoreDirectives } from "./check-dedup.ts";
import { checkTapeDirectives } from "./check-tape.ts";
import type { AutochangerResource } from "./autochanger.ts";
import type { CloudResource } from "./cloud.ts";
import { BLOCK_BYTES_LEAST } from "../volume/format.ts";
import { type DeviceResource, typesWithoutDriver } from "./device.ts";
import type { DirectorResource } from "./director.ts";
import { storageTables } from "./resources.ts";
import type { StorageDaemonResource } from "./storage-daemon.ts";

/** The configuration of a storage daemon: every reference is the resource itself. Maps are in the order of the file. */
export interface StorageConfig extends LoadedConfig {
  readonly storage: StorageDaemonResource;
  readonly directors: ReadonlyMap<string, DirectorResource>;
  readonly devices: ReadonlyMap<string, DeviceResource>;
  readonly autochangers: ReadonlyMap<string, AutochangerResource>;
  readonly clouds: ReadonlyMap<string, CloudResource>;
  readonly messages: ReadonlyMap<string, MessagesResource>;
  readonly statistics: ReadonlyMap<string, StatisticsResource>;
}

/** The language of bacula-sd.conf. */
export const storageLanguage: ProgramLanguage = {
  fileName: "bacula-sd.conf",
  tables: storageTables,
  blockTables: [],
  check: checkStorage,
};

/** Reads the storage daemon's configuration. Throws ConfigError with all errors. */
export async function loadStorageConfig(path: string, options: LoadOptions = {}): Promise<StorageConfig> {
  return typed(await loadConfigFile(storageLanguage, path, options));
}

/** The same for a text in memory; `file` is the name that messages show. */
export async function parseStorageConfig(
  text: string,
  file = "bacula-sd.conf",
  options: LoadOptions = {},
): Promise<StorageConfig> {
  return typed(await loadConfigText(storageLanguage, text, file, options));
}

function typed(loaded: LoadedConfig): StorageConfig {
  const { resources } = loaded;
  return {
    ...loaded,
    storage: only(resources.of<StorageDaemonResource>("Storage")),
    directors: resources.of("Director"),
    devices: resources.of("Device"),
    autochangers: resources.of("Autochanger"),
    clouds: resources.of("Cloud"),
    messages: resources.of("Messages"),
    statistics: resources.of("Statistics"),
  };
}

function checkStorage(resources: ResourceSet, problems: ProblemList): void {
  requireOne(resources, "Storage", problems);
  for (const type of ["Director", "Device", "Messages"]) requireSome(resources, type, problems);
  for (const storage of resources.of<StorageDaemonResource>("Storage").values()) {
    checkAddresses(storage, { address: "sdAddress", addresses: "sdAddresses" }, problems);
    checkTls(storage, problems);
  }
  for (const director of resources.of<DirectorResource>("Director").values()) checkTls(director, problems);
  for (const device of resources.of<DeviceResource>("Device").values()) checkDevice(device, problems);
  checkSharedStores(resources.of<DeviceResource>("Device").values(), problems);
  for (const statistics of resources.of<StatisticsResource>("Statistics").values()) checkStatistics(statistics, problems);
  const drives = new Set(
    [...resources.of<AutochangerResource>("Autochanger").values()].flatMap((one) => one.device.map(({ name }) => name)),
  );
  for (const device of resources.of<DeviceResource>("Device").values()) {
    if (!device.autochanger || drives.has(device.name) || device.changerCommand !== undefined) continue;
    const message = "it is yes, but no Autochanger names the device";
    problems.add({
      severity: "warning",
      at: device.origin.at,
      resource: `Device "${device.name}"`,
      directive: "Autochanger",
      message,
    });
  }
  for (const name of resources.of("Autochanger").keys()) {
    const device = resources.of("Device").get(name);
    if (device !== undefined)
      problems.add({
        severity: "warning",
        at: device.origin.at,
        resource: `Device "${name}"`,
        message: "an Autochanger has the same name",
      });
  }
}

function checkDevice(device: DeviceResource, problems: ProblemList): void {
  const { deviceType, minimumBlockSize, maximumBlockSize } = device;
  const tell = (directive: string, message: string, severity: "error" | "warning" = "error") =>
    problems.add({ severity, at: device.origin.at, resource: `Device "${device.name}"`, directive, message });
  if (maximumBlockSize !== 0 && minimumBlockSize > maximumBlockSize)
    tell("MinimumBlockSize", "it is larger than MaximumBlockSize");
  if (maximumBlockSize !== 0 && maximumBlockSize < BLOCK_BYTES_LEAST)
    tell("MaximumBlockSize", `it is below ${BLOCK_BYTES_LEAST} bytes, the least`);
  if (device.requiresMount && !isAbsolute(device.mountPoint ?? ""))
    tell("RequiresMount", "it needs Mount Point, the absolute path at which the file system is mounted");
  if (typesWithoutDriver.some((type) => type === deviceType))
    tell("DeviceType", `"${deviceType}" has no driver in this release: the device is not used`, "warning");
  checkStoreDirectives(device, problems);
  checkTapeDirectives(device, problems);
  if (deviceType === "Cloud" && device.cloud === undefined) tell("Cloud", "it is required with DeviceType = Cloud");
}
