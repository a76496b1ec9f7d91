import { describeError } from "#lib/errors/operator-error.ts";
import { troubleText } from "../watch/watch-devices.ts";
import { leastRoom } from "./lack-of-room.ts";
import { hasDirectory } from "./places.ts";
import { hasDeletedSubvolumes, roomOf } from "./room.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { DeviceSpace, SpaceReply } from "#proto/stored.ts";
import type { FoundPlace } from "./places.ts";

/** Longest wait for one device: one that hangs must not hide the others. */
const DEVICE_MS_MAX = 20_000;

/** What looks at the directories of devices. */
export interface PlaceFinder {
  find(host: DeviceHost): Promise<FoundPlace>;
}

/** Room of these disk devices; others are left out. A device whose room cannot be found out says why. */
export async function spaceReply(hosts: Iterable<DeviceHost>, places: PlaceFinder): Promise<SpaceReply> {
  const disks = [...hosts].filter((host) => hasDirectory(host) && host.hasDriver);
  return { devices: await Promise.all(disks.map(async (host) => await spaceOf(host, places))) };
}

async function spaceOf(host: DeviceHost, places: PlaceFinder): Promise<DeviceSpace> {
  if (host.trouble.isHung) return unknown(host, troubleText(host));
  const late = Promise.withResolvers<DeviceSpace>();
  const timer = setTimeout(() => late.resolve(unknown(host, "its file system does not answer")), DEVICE_MS_MAX);
  try {
    return await Promise.race([found(host, places), late.promise]);
  } catch (error) {
    return unknown(host, describeError(error));
  } finally {
    clearTimeout(timer);
  }
}

async function found(host: DeviceHost, places: PlaceFinder): Promise<DeviceSpace> {
  const { archiveDevice, isReadOnly } = host.settings;
  const { problem, fileSystem, type } = await places.find(host);
  if (problem !== "" && !problem.includes("read-only")) return { ...unknown(host, problem), fileSystem };
  const isBtrfs = type === "btrfs";
  const room = await roomOf(archiveDevice, { isBtrfs });
  const isFreeing = (await host.store?.isFreeing()) === true || (isBtrfs && (await hasDeletedSubvolumes(archiveDevice)));
  return {
    device: host.name,
    archiveDevice,
    ...room,
    // How much it will be nobody knows before it is there.
    pending: isFreeing ? 1 : 0,
    problem: problem === "" && isReadOnly ? "the device is declared Read Only" : problem,
    fileSystem,
    least: leastRoom(host),
  };
}

function unknown(host: DeviceHost, problem: string): DeviceSpace {
  return {
    device: host.name,
    archiveDevice: host.settings.archiveDevice,
    total: 0,
    free: 0,
    metadataTotal: 0,
    metadataFree: 0,
    pending: 0,
    problem,
    fileSystem: "",
    least: 0,
  };
}
