import type { DeviceSpace } from "#proto/stored.ts";
import type { DaemonDirectory } from "../clients/daemon-calls.ts";
import type { DirectorConfig } from "../config/load.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Room } from "./levels.ts";

/** A file system of a storage daemon, with all that lies on it. */
export interface DiskRoom {
  /** Tells it from all others. */
  readonly key: string;
  /** Devices on it, as the daemon calls them, the asked Storage's first. */
  readonly devices: readonly DeviceSpace[];
  /** Names of the asked Storage's own devices among these. */
  readonly own: ReadonlySet<string>;
  /** Storage resources with a device on it, the asked one first. */
  readonly storages: readonly StorageResource[];
  readonly room: Room;
  /** Space comes back without anything being deleted. */
  readonly isPending: boolean;
  /** Why nothing can be written there; "": it can. */
  readonly problem: string;
}

/** Where rooms are asked for. */
export interface RoomSource {
  readonly config: () => DirectorConfig;
  readonly daemons: () => DaemonDirectory;
}

/** The file systems that the disk devices of a Storage lie on, each with all other Storages of its daemon there. None for tapes. */
export async function roomsOf(source: RoomSource, storage: StorageResource, signal: AbortSignal): Promise<DiskRoom[]> {
  const own = await spaceOf(source, storage, signal);
  const beside = [...source.config().storages.values()].filter((other) => other !== storage && isSameDaemon(other, storage));
  const others = await Promise.all(
    // One that cannot be asked is not there for this; its Volumes are left alone.
    beside.map(async (other) => [other, await spaceOf(source, other, signal).catch(() => [])] as const),
  );
  return [...Map.groupBy(own, diskOf)].map(([disk, devices]) => {
    const sharing = others.filter(([, spaces]) => spaces.some((space) => diskOf(space) === disk));
    const all = [...devices, ...sharing.flatMap(([, spaces]) => spaces.filter((space) => diskOf(space) === disk))];
    const distinct = [...new Map(all.map((space) => [space.device, space])).values()];
    const { total, free, metadataTotal, metadataFree } = devices[0]!;
    return {
      key: `${storage.address}:${storage.sdPort} ${disk}`,
      devices: distinct,
      own: new Set(devices.map(({ device }) => device)),
      storages: [storage, ...sharing.map(([other]) => other)],
      room: { total, free, metadataTotal, metadataFree },
      isPending: distinct.some(({ pending }) => pending > 0),
      problem: devices.find(({ problem }) => problem !== "")?.problem ?? "",
    };
  });
}

/** What the daemon of a Storage says of its devices. */
async function spaceOf(
  { daemons }: RoomSource,
  storage: StorageResource,
  signal: AbortSignal,
): Promise<readonly DeviceSpace[]> {
  return await daemons()
    .storageDaemon(storage.name)
    .space({ devices: [...storage.device] }, signal);
}

function isSameDaemon(one: StorageResource, other: StorageResource): boolean {
  return one.address === other.address && one.sdPort === other.sdPort;
}

/** Devices that cannot be reached are each a file system of their own. */
function diskOf({ fileSystem, archiveDevice }: DeviceSpace): string {
  return fileSystem === "" ? archiveDevice : fileSystem;
}
