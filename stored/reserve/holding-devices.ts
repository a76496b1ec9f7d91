import { access } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceHost } from "../device/device-host.ts";

/** A file system that does not answer within this time does not hold up the choice. */
const LOOK_MS = 2000;

/**
 * Of devices that could read, those whose directory has the Volume; all of them if none has, or if it cannot be said (drives have their
 * media brought). Only asked where directories differ.
 */
export async function devicesHolding(hosts: readonly DeviceHost[], volume: string | undefined): Promise<readonly DeviceHost[]> {
  const directories = new Set(hosts.map(({ settings }) => settings.archiveDevice));
  if (volume === undefined || directories.size < 2 || hosts.some((host) => host.drive !== undefined)) return hosts;
  const looked = await Promise.all(hosts.map(async (host) => await isThere(join(host.settings.archiveDevice, volume))));
  const holding = hosts.filter((_, at) => looked[at]);
  return holding.length === 0 ? hosts : holding;
}

async function isThere(path: string): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), LOOK_MS);
  try {
    const look = access(path).then(
      () => true,
      () => false,
    );
    return await Promise.race([look, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
