import { isBtrfs } from "../btrfs/subvolume.ts";
import { meansFull } from "../device/disk-file.ts";
import { BLOCK_BYTES_DEFAULT } from "../volume/format.ts";
import { hasDirectory } from "./places.ts";
import { roomOf } from "./room.ts";
import { settleRoom } from "./settle-room.ts";
import type { DeviceHost } from "../device/device-host.ts";

/** Blocks for which there must be room before a Volume is written to. */
const ROOM_BLOCKS = 4;

/** Free metadata of a btrfs without which nothing more can be made on it. */
const METADATA_BYTES_LEAST = 1024 * 1024;

/** Why nothing is written: on a full disk each new Volume would hold a label and nothing else, one after the other until the Pool has no more. */
export async function lackOfRoom(host: DeviceHost): Promise<string | undefined> {
  if (!hasDirectory(host)) return undefined;
  const { archiveDevice } = host.settings;
  const least = leastRoom(host);
  // What was deleted a moment ago may not be counted as free yet.
  for (let isSettled = false; ; isSettled = true) {
    const lack = await lackBelow(host, least);
    if (lack === undefined || isSettled) return lack === undefined ? undefined : noRoomText(host, lack);
    await settleRoom(archiveDevice, { isBtrfs: await isBtrfs(archiveDevice) });
  }
}

/** Bytes that must be free on the device's file system before anything new is begun there. */
export function leastRoom({ settings: { blockBytesMax, freeBytesMin } }: DeviceHost): number {
  return Math.max(freeBytesMin, ROOM_BLOCKS * Math.max(blockBytesMax, BLOCK_BYTES_DEFAULT));
}

/** The lack of room as it is now, in short; what was deleted a moment ago is not waited for. Undefined: there is room, or nobody can say. */
export async function presentLack(host: DeviceHost): Promise<string | undefined> {
  return hasDirectory(host) && !host.trouble.isHung ? await lackBelow(host, leastRoom(host)) : undefined;
}

/** What there is too little of; undefined: there is enough, or nobody can say. */
async function lackBelow(
  { settings: { archiveDevice, freeBytesMin } }: DeviceHost,
  least: number,
): Promise<string | undefined> {
  try {
    const room = await roomOf(archiveDevice, { isBtrfs: await isBtrfs(archiveDevice) });
    const wanted = least === freeBytesMin ? `, and Minimum Free Space is ${least.toLocaleString("en-US")}` : "";
    if (room.free < least) return `${room.free.toLocaleString("en-US")} bytes are free in ${archiveDevice}${wanted}`;
    if (room.metadataTotal > 0 && room.metadataFree < METADATA_BYTES_LEAST)
      return `btrfs has no metadata left in ${archiveDevice}: ${room.metadataFree.toLocaleString("en-US")} bytes, however many are free for data`;
  } catch {
    // Whoever writes there will say what is wrong.
  }
  return undefined;
}

/** The same for the operator. */
export function noRoomText({ settings: { name, archiveDevice } }: DeviceHost, why: string): string {
  return [
    `Device "${name}" has no room for another Volume: ${why}.`,
    'Please make room there (e.g. prune, purge and truncate Volumes), then use the "mount" command for:',
    `    Storage:      "${name}" (${archiveDevice})`,
  ].join("\n");
}

/** Whether the system said that there is no room. */
export function meansNoRoom(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (meansFull(cause) === "ENOSPC" || /No space left on device/.test(cause.message)) return true;
  return false;
}
