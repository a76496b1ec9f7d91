import type { AutochangerResource } from "../config/autochanger.ts";
import type { Changer } from "../changer/changer.ts";
import type { DeviceHost } from "../device/device-host.ts";
import type { Reservations } from "../reserve/reservations.ts";
import type { StorageJobs } from "../job/storage-jobs.ts";

/** What the status tells of. */
export interface StatusSource {
  readonly name: string;
  readonly version: string;
  readonly uname: string;
  readonly startedMs: number;
  readonly jobs: StorageJobs;
  readonly reservations: Reservations;
  readonly hosts: ReadonlyMap<string, DeviceHost>;
  readonly autochangers: ReadonlyMap<string, AutochangerResource>;
  /** Those whose media are moved by a program. */
  readonly changers: ReadonlyMap<string, Changer>;
  readonly debugLevel: number;
}

/** Free and whole bytes of a device, and what its file system has to say besides. */
export interface DeviceSpace {
  readonly free: number;
  readonly total: number;
  readonly lines: readonly string[];
}

/** Space of each device; null where it cannot be said. */
export type DeviceSpaces = ReadonlyMap<string, DeviceSpace | null>;

/** Sections of the status, in their usual order. */
export const sections = ["header", "running", "waitreservation", "terminated", "devices", "volumes", "spooling"] as const;
export type Section = (typeof sections)[number];

/** Writes one section. */
export type Writer = (source: StatusSource, spaces: DeviceSpaces) => string[];

/** How many jobs append on a device. */
export function jobsOn(source: StatusSource, host: DeviceHost): number {
  const use = source.reservations.useOf(host.name);
  return use.kind === "append" ? use.jobs : 0;
}
