import { parseCatalogTime } from "#lib/base/local-time.ts";
import type { MediaRow } from "#catalog/schema/media.ts";

/** What decides whether a Volume has reached one of its limits. */
export type LimitedVolume = Pick<
  MediaRow,
  | "VolumeName"
  | "VolStatus"
  | "VolBytes"
  | "VolJobs"
  | "VolFiles"
  | "MaxVolBytes"
  | "MaxVolJobs"
  | "MaxVolFiles"
  | "VolUseDuration"
  | "FirstWritten"
>;

/** Limits of the Pool as a whole. */
export interface PoolLimits {
  /** Use Volume Once. */
  readonly useOnce: boolean;
  /** Maximum Pool Bytes; 0: none. */
  readonly maxPoolBytes: number;
  /** Bytes on all Volumes of the Pool. */
  readonly poolBytes: number;
}

/** True when the Volumes of the Pool hold as much as Maximum Pool Bytes lets them. */
export function isPoolFull(pool: PoolLimits): boolean {
  return pool.maxPoolBytes > 0 && pool.poolBytes >= pool.maxPoolBytes;
}

/** A Volume that takes no more: its new status and the line that says why. */
export interface LimitReached {
  readonly status: "Full" | "Used";
  readonly text: string;
}

/** The first limit that the Volume has reached, or null. Only a Volume in status Append that has been written to can have one. */
export function limitReached(volume: LimitedVolume, pool: PoolLimits, nowMs: number): LimitReached | null {
  if (volume.VolStatus !== "Append" || volume.VolJobs === 0) return null;
  const name = volume.VolumeName;
  const used = (what: string): LimitReached => ({ status: "Used", text: `${what} Marking Volume "${name}" as Used.` });
  if (volume.MaxVolBytes > 0 && volume.VolBytes >= volume.MaxVolBytes) {
    return { status: "Full", text: `Max Volume bytes=${volume.MaxVolBytes} exceeded. Marking Volume "${name}" as Full.` };
  }
  if (volume.VolBytes > 0 && pool.useOnce) return used("Volume used once.");
  if (volume.MaxVolJobs > 0 && volume.VolJobs >= volume.MaxVolJobs)
    return used(`Max Volume jobs=${volume.MaxVolJobs} exceeded.`);
  if (volume.MaxVolFiles > 0 && volume.VolFiles >= volume.MaxVolFiles)
    return used(`Max Volume files=${volume.MaxVolFiles} exceeded.`);
  if (volume.VolUseDuration > 0 && usedForSeconds(volume, nowMs) >= volume.VolUseDuration) {
    return used(`Max configured use duration=${volume.VolUseDuration} sec. exceeded.`);
  }
  if (isPoolFull(pool)) return used(`Max Pool Bytes ${pool.maxPoolBytes}B exceeded.`);
  return null;
}

function usedForSeconds(volume: LimitedVolume, nowMs: number): number {
  const first = volume.FirstWritten === null ? null : parseCatalogTime(volume.FirstWritten);
  return first === null ? 0 : (nowMs - first) / 1000;
}
