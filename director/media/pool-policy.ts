import type { PoolResource } from "#director/config/pool.ts";

/** What the Pool resource says about its Volumes beyond what its row in the catalog holds. */
export interface PoolPolicy {
  /** Neither the resource nor an operator has switched the Pool off. */
  readonly isEnabled: boolean;
  /** Auto Label; undefined: as the device says. */
  readonly autoLabel: boolean | undefined;
  /** Only Volumes of this Media Type; empty: any. */
  readonly mediaType: string;
  readonly takesScratch: boolean;
  readonly purgesOldest: boolean;
  readonly recyclesOldest: boolean;
  readonly recyclesCurrent: boolean;
  readonly cleaningPrefix: string;
  /** For new Volumes: how often the medium may be written from its beginning; 0: no limit. */
  readonly maxWrites: number;
  /** For new Volumes: bytes that the medium holds; 0: not known. */
  readonly capacity: number;
  /** Percent of the capacity from which a job warns; 0: never. */
  readonly warnsAtPercent: number;
}

/** Of a Pool that the configuration does not have any more: what Bacula's defaults are. */
const NO_RESOURCE: PoolPolicy = {
  isEnabled: true,
  autoLabel: undefined,
  mediaType: "",
  takesScratch: true,
  purgesOldest: false,
  recyclesOldest: false,
  recyclesCurrent: false,
  cleaningPrefix: "",
  maxWrites: 0,
  capacity: 0,
  warnsAtPercent: 0,
};

/** What a Pool resource says. `isEnabled`: whether operators have left a Pool on that the configuration says is on or off. */
export function poolPolicy(
  pool: PoolResource | undefined,
  isEnabled: (name: string, configured: boolean) => boolean = (_name, configured) => configured,
): PoolPolicy {
  if (pool === undefined) return NO_RESOURCE;
  return {
    isEnabled: isEnabled(pool.name, pool.enabled),
    autoLabel: pool.autoLabel,
    mediaType: pool.mediaType ?? "",
    takesScratch: pool.takeScratchVolumes,
    purgesOldest: pool.purgeOldestVolume,
    recyclesOldest: pool.recycleOldestVolume,
    recyclesCurrent: pool.recycleCurrentVolume,
    cleaningPrefix: pool.cleaningPrefix ?? "",
    maxWrites: pool.maximumVolumeWrites,
    capacity: pool.volumeCapacity,
    warnsAtPercent: pool.capacityWarning,
  };
}

/** True for the barcode of a cleaning tape: it is recorded with status Cleaning, and nothing is ever written on it. */
export function isCleaningName(volume: string, policy: Pick<PoolPolicy, "cleaningPrefix">): boolean {
  return policy.cleaningPrefix !== "" && volume.startsWith(policy.cleaningPrefix);
}
