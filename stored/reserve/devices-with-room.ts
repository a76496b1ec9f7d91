import { presentLack } from "../space/lack-of-room.ts";
import { whyUnfit } from "./choose-device.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** A file system that does not answer within this time does not hold up the choice. */
const LOOK_MS = 2000;

/** Devices on which a job can begin a Volume, and what to tell of those that are passed over for want of room. */
export interface RoomyDevices {
  readonly devices: readonly string[];
  readonly told: readonly string[];
}

/**
 * Of the devices of a job that writes, those with room; all of them where none that can do the job has, or where there is no choice: then the job waits
 * for room.
 */
export async function devicesWithRoom(
  names: readonly string[],
  mediaType: string,
  findHost: (name: string) => DeviceHost | undefined,
): Promise<RoomyDevices> {
  if (names.length < 2) return { devices: names, told: [] };
  const lacks = await Promise.all(names.map(async (name) => await lackOf(findHost(name))));
  const devices = names.filter((_, at) => lacks[at] === undefined);
  if (!devices.some((name) => canWrite(findHost(name), mediaType))) return { devices: names, told: [] };
  const told = names.flatMap((name, at) => {
    const lack = lacks[at];
    return lack === undefined ? [] : [`Device "${name}" has no room (${lack}): the job goes to another one.`];
  });
  return { devices, told };
}

function canWrite(host: DeviceHost | undefined, mediaType: string): boolean {
  if (host === undefined || host.trouble.isHung) return false;
  const device = { ...host.settings, isWithoutDriver: !host.hasDriver };
  return whyUnfit(device, { mediaType, work: { kind: "append", pool: "" } }) === undefined;
}

async function lackOf(host: DeviceHost | undefined): Promise<string | undefined> {
  if (host === undefined) return undefined;
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), LOOK_MS);
  try {
    return await Promise.race([presentLack(host), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
