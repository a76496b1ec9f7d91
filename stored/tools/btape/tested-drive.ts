import { statSync } from "node:fs";
import { resolve } from "node:path";
import { configPath } from "#lib/config/default-path.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { changerCommandOf, makeChangers } from "#stored/changer/changers.ts";
import { loadStorageConfig } from "#stored/config/load.ts";
import { deviceSettings } from "#stored/device/device-settings.ts";
import { VtapeFile } from "#stored/tape/vtape-file.ts";
import type { StorageConfig } from "#stored/config/load.ts";
import type { DeviceResource } from "#stored/config/device.ts";
import type { Tape } from "#stored/tape/tape.ts";
import type { TestedDrive } from "./bench.ts";

/**
 * The drive of a command line: name of a Device or Autochanger resource, an Archive Device, or the path of a tape in a file. DEVICE_UNKNOWN,
 * DEVICE_TYPE_UNSUPPORTED with the reason why btape has nothing to do there.
 */
export async function testedDrive(
  named: string,
  configFile: string | undefined,
  workingDirectory: string | undefined,
): Promise<TestedDrive> {
  const config = await readConfig(named, configFile);
  const resource = config === undefined ? undefined : resourceOf(config, named);
  const work = workingDirectory ?? config?.storage.workingDirectory ?? ".";
  if (resource === undefined || config === undefined) return byPath(named, config, work);
  const settings = deviceSettings(resource, changerCommandOf(resource, config.autochangers));
  requireTape(settings.deviceType, settings.name, settings.archiveDevice);
  const { drives } = makeChangers([resource], config.autochangers, () => true);
  return {
    name: settings.name,
    path: settings.archiveDevice,
    mediaType: settings.mediaType,
    settings,
    changed: drives.get(resource.name),
    workingDirectory: work,
    open: () => openTape(settings.name, settings.archiveDevice, settings.tape?.capacity ?? 0),
  };
}

async function readConfig(named: string, configFile: string | undefined): Promise<StorageConfig | undefined> {
  const path = await configPath("bacula-sd.conf", configFile);
  const mayDoWithout =
    configFile === undefined && named.includes("/") && statSync(path, { throwIfNoEntry: false }) === undefined;
  return mayDoWithout ? undefined : await loadStorageConfig(path);
}

function resourceOf(config: StorageConfig, named: string): DeviceResource | undefined {
  const byName = config.devices.get(named) ?? config.autochangers.get(named)?.device[0];
  if (byName !== undefined || !named.includes("/")) return byName;
  return [...config.devices.values()].find(({ archiveDevice }) => resolve(archiveDevice) === resolve(named));
}

/** A path of which no resource speaks. */
function byPath(named: string, config: StorageConfig | undefined, workingDirectory: string): TestedDrive {
  const path = resolve(named);
  const facts = named.includes("/") ? statSync(path, { throwIfNoEntry: false }) : undefined;
  if (facts === undefined) {
    const where = config === undefined ? "" : ` in config file ${config.storage.origin.at.file}`;
    throw new OperatorError("DEVICE_UNKNOWN", `Could not find device "${named.slice(0, 200)}"${where}.`, {
      hint: "give the name of a Device resource, its Archive Device, or the path of a tape in a file (touch makes a blank one)",
    });
  }
  const type = facts.isFile() ? "VTape" : facts.isCharacterDevice() ? "Tape" : facts.isFIFO() ? "Fifo" : "File";
  requireTape(type, "VTape", path);
  const open = () => openTape("VTape", path, 0);
  return { name: "VTape", path, mediaType: "VTape", settings: undefined, changed: undefined, workingDirectory, open };
}

/** A tape that is write-protected can be looked at. */
function openTape(device: string, path: string, capacity: number): Tape {
  const wish = { device, volume: "", path, capacity };
  try {
    return VtapeFile.open({ ...wish, mode: "append" });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "VOLUME_READ_ONLY") throw error;
    return VtapeFile.open({ ...wish, mode: "read" });
  }
}

function requireTape(deviceType: string, name: string, path: string): void {
  const title = `"${name}" (${path})`;
  switch (deviceType) {
    case "VTape":
      return;
    case "Tape":
      throw new OperatorError(
        "DEVICE_TYPE_UNSUPPORTED",
        `device ${title} is a tape drive: this release has no driver for real drives`,
        {
          hint: "btape tests tapes in files (Device Type = VTape). A real drive is refused here as in the storage daemon, rather than half tested",
        },
      );
    default:
      throw new OperatorError(
        "DEVICE_TYPE_UNSUPPORTED",
        `device ${title} is of Device Type ${deviceType}: it has no tape that could be wound, no file marks and no end of tape, so there is nothing for btape to test`,
        { hint: "bls -L shows the labels of its Volumes; the console's scan command reads a Volume through" },
      );
  }
}
