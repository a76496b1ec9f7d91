import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { configPath } from "#lib/config/default-path.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { loadStorageConfig } from "#stored/config/load.ts";
import { deviceSettings } from "#stored/device/device-settings.ts";
import { openDriver } from "#stored/device/drivers.ts";
import { isVtape } from "#stored/tape/is-vtape.ts";
import { VTAPE_VOL_TYPE } from "#stored/tape/tape-drive.ts";
import { LABEL_PROBE_BYTES, readLabelBlock } from "#stored/volume/label-block.ts";
import type { StorageConfig } from "#stored/config/load.ts";
import type { Device } from "#stored/device/device.ts";
import type { DeviceSettings } from "#stored/device/device-host.ts";
import type { StoreSettings } from "#stored/chunks/store-calls.ts";

/** What a tool must know of a device. Bytes; 0: none. */
export type ToolDeviceFacts = Pick<
  DeviceSettings,
  | "name"
  | "deviceType"
  | "archiveDevice"
  | "mediaType"
  | "blockBytesMin"
  | "blockBytesMax"
  | "blockChecksum"
  | "volumeBytesMax"
  | "store"
  | "tape"
>;

/** The device that a command line names. */
export interface ToolDevice {
  readonly facts: ToolDeviceFacts;
  readonly driver: Device;
  /** `"Disk" (/volumes)`, for messages. */
  readonly title: string;
  /** The Volume that the command line names with the device, by its path. */
  readonly volume: string | undefined;
  /** The configuration, if one was read. */
  readonly config: StorageConfig | undefined;
}

/** Program whose configuration the tools read. */
const CONFIG_FILE = "bacula-sd.conf";

/**
 * The device of a command line: name of a Device or Autochanger resource, an Archive Device, or the path of a Volume. A path that no
 * resource speaks of is taken for what it is: the tools must work where no configuration is left. DEVICE_UNKNOWN if it is nothing.
 */
export async function openToolDevice(named: string, configFile: string | undefined): Promise<ToolDevice> {
  const config = await readConfig(named, configFile);
  const resource = config === undefined ? undefined : resourceNamed(config, named);
  const place = placeOf(named);
  const byPlace = config === undefined || place === undefined ? undefined : resourceAt(config, place);
  const found = resource ?? byPlace;
  const facts = found ?? factsOf(place, named, config);
  const driver = openDriver(facts);
  const byPath = resource === undefined ? place?.volume : undefined;
  return {
    facts,
    driver,
    title: `"${facts.name}" (${facts.archiveDevice})`,
    volume: driver.volType === VTAPE_VOL_TYPE ? volumeInside(driver) : byPath,
    config,
  };
}

/** Where no configuration was asked for and none is there, a path does without. */
async function readConfig(named: string, configFile: string | undefined): Promise<StorageConfig | undefined> {
  const path = await configPath(CONFIG_FILE, configFile);
  const mayDoWithout =
    configFile === undefined && named.includes("/") && statSync(path, { throwIfNoEntry: false }) === undefined;
  return mayDoWithout ? undefined : await loadStorageConfig(path);
}

function resourceNamed(config: StorageConfig, named: string): DeviceSettings | undefined {
  const resource = config.devices.get(named) ?? config.autochangers.get(named)?.device[0];
  return resource === undefined ? undefined : deviceSettings(resource);
}

function resourceAt(config: StorageConfig, { directory, tape }: Place): DeviceSettings | undefined {
  const resource = [...config.devices.values()].find(({ archiveDevice }) => realOf(archiveDevice) === (tape ?? directory));
  return resource === undefined ? undefined : deviceSettings(resource);
}

/** What a path is: a directory of Volumes, a Volume that is a file, or one that is a directory (packed). */
interface Place {
  readonly directory: string;
  readonly volume: string | undefined;
  readonly isPacked: boolean;
  /** The file, when it is a tape. */
  readonly tape?: string | undefined;
}

function placeOf(named: string): Place | undefined {
  if (!named.includes("/")) return undefined;
  const path = resolve(named);
  const facts = statSync(path, { throwIfNoEntry: false });
  const inside = { directory: realOf(dirname(path)), volume: basename(path) };
  // A Volume that is still to be made.
  if (facts === undefined) return isDirectory(dirname(path)) ? { ...inside, isPacked: false } : undefined;
  if (!facts.isDirectory()) return { ...inside, isPacked: false, tape: isVtape(path) ? realOf(path) : undefined };
  if (isFile(join(path, "records"))) return { ...inside, isPacked: true };
  return { directory: realOf(path), volume: undefined, isPacked: isDirectory(join(path, "@chunks")) };
}

/** A device without a resource. */
function factsOf(place: Place | undefined, named: string, config: StorageConfig | undefined): ToolDeviceFacts {
  if (place === undefined) {
    const where = config === undefined ? "" : ` in config file ${config.storage.origin.at.file}`;
    throw new OperatorError("DEVICE_UNKNOWN", `Could not find device "${named.slice(0, 200)}"${where}.`, {
      hint: "give the name of a Device resource, its Archive Device, or the path of a Volume",
    });
  }
  const { directory, isPacked, tape } = place;
  const type = tape !== undefined ? "VTape" : isPacked ? "Dedup" : "File";
  return {
    name: type,
    deviceType: type,
    archiveDevice: tape ?? directory,
    mediaType: "",
    blockBytesMin: 0,
    blockBytesMax: 0,
    blockChecksum: true,
    volumeBytesMax: 0,
    store: isPacked ? readOnlyStore(directory) : undefined,
  };
}

/** The Volume whose tape is in a drive; undefined if that cannot be read: whoever opens it says why. */
function volumeInside(driver: Device): string | undefined {
  try {
    using medium = driver.open("", "read");
    const start = new Uint8Array(LABEL_PROBE_BYTES);
    return readLabelBlock(start.subarray(0, medium.readAt(start, 0))).label.volume;
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** A store that is only read from: how it would cut and compress does not matter. */
function readOnlyStore(directory: string): StoreSettings {
  return {
    directory,
    isBtrfs: false,
    domain: "storage",
    minBytes: 65_536,
    averageBytes: 262_144,
    maxBytes: 786_432,
    compression: "none",
    level: 0,
    livePercent: 0,
    deleteBytesPerS: 0,
  };
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
