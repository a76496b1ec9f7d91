import { Changer } from "./changer.ts";
import { Drive } from "./drive.ts";
import type { AutochangerResource } from "../config/autochanger.ts";
import type { DeviceResource } from "../config/device.ts";

/** Names that stand for no changer. */
const NO_CHANGER = new Set(["", "/dev/null"]);

/** How the devices of a configuration come to their media. */
export interface Changers {
  /** By name of the Autochanger, or of the Device that has a changer for itself. */
  readonly byName: ReadonlyMap<string, Changer>;
  /** Drives by Device name: those of changers, and those that an operator serves. */
  readonly drives: ReadonlyMap<string, Drive>;
}

/** The Changer Command that serves a Device, its Autochanger's or its own; "": none, its media are moved by nobody or by hand. */
export function changerCommandOf(device: DeviceResource, autochangers: ReadonlyMap<string, AutochangerResource>): string {
  return changerOf(device, autochangers)?.command ?? "";
}

/** Makes the changers of a configuration and their drives. `isDrive`: whether a Device has one medium at a time. */
export function makeChangers(
  devices: Iterable<DeviceResource>,
  autochangers: ReadonlyMap<string, AutochangerResource>,
  isDrive: (device: string) => boolean,
): Changers {
  const byName = new Map<string, Changer>();
  const drives = new Map<string, Drive>();
  for (const device of devices) {
    if (!isDrive(device.name)) continue;
    const settings = changerOf(device, autochangers);
    const changer = settings && (byName.get(settings.name) ?? new Changer(settings));
    if (changer !== undefined) byName.set(changer.name, changer);
    drives.set(
      device.name,
      new Drive(
        {
          name: device.name,
          archiveDevice: device.archiveDevice,
          controlDevice: device.controlDevice ?? "",
          index: device.driveIndex,
          changerWaitMs: device.maximumChangerWait * 1000,
        },
        changer,
      ),
    );
  }
  return { byName, drives };
}

function changerOf(
  device: DeviceResource,
  autochangers: ReadonlyMap<string, AutochangerResource>,
): Changer["settings"] | undefined {
  const owner = [...autochangers.values()].find((changer) => changer.device.some((drive) => drive.name === device.name));
  const command = device.changerCommand ?? owner?.changerCommand ?? "";
  const changerDevice = device.changerDevice ?? owner?.changerDevice ?? "";
  if (command === "" || NO_CHANGER.has(changerDevice)) return undefined;
  return {
    name: owner?.name ?? device.name,
    command,
    changerDevice,
    lockCommand: owner?.lockCommand ?? device.lockCommand ?? "",
  };
}
