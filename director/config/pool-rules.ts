import type { JobResource } from "./job.ts";
import type { PoolResource } from "./pool.ts";
import { isAutochanger, type StorageResource } from "./storage.ts";

/** Who wants to write to a Pool, and what. */
export interface PoolUse {
  readonly job: string;
  readonly client: string;
  readonly fileSet: string;
  readonly storage: StorageResource;
  /** Undefined where the level is not known yet. */
  readonly level: string | undefined;
}

/** Pools that a backup is written to; the others are for copies, or for Volumes that wait to be used. */
const BACKUP_POOLS: readonly string[] = ["Backup", "Archive"] satisfies readonly PoolResource["poolType"][];

/** Why a backup may not be written to the Pool; undefined if it may. The text names the Pool and the directive. */
export function poolFault(pool: PoolResource, use: PoolUse): string | undefined {
  const named = `Pool "${pool.name}"`;
  if (!BACKUP_POOLS.includes(pool.poolType)) return `${named} is of Pool Type ${pool.poolType}, which takes no backups`;
  const lists = [
    ["Job", use.job, pool.allowedJobs.map((one) => one.name), "Allowed Jobs"],
    ["Client", use.client, pool.allowedClients.map((one) => one.name), "Allowed Clients"],
    ["FileSet", use.fileSet, pool.allowedFileSets.map((one) => one.name), "Allowed FileSets"],
    ["Storage", use.storage.name, pool.allowedStorages.map((one) => one.name), "Allowed Storages"],
    ["Level", use.level, pool.allowedLevels, "Allowed Levels"],
  ] as const;
  for (const [what, name, allowed, directive] of lists) {
    if (name === undefined || allowed.length === 0 || (allowed as readonly string[]).includes(name)) continue;
    return `${named} does not take ${what} "${name}" (${directive} = ${allowed.join(", ")})`;
  }
  if (devicesFor(pool, use.storage).length > 0) return undefined;
  return `${named} is not written by any device of Storage "${use.storage.name}" (Allowed Devices = ${pool.allowedDevices.join(", ")})`;
}

/** Devices of the Storage that may write the Pool, in order of preference. Drives of an autochanger may be named one by one. */
export function devicesFor(pool: PoolResource, storage: StorageResource): readonly string[] {
  if (pool.allowedDevices.length === 0) return storage.device;
  const named = storage.device.filter((device) => pool.allowedDevices.includes(device));
  return named.length === 0 && isAutochanger(storage) ? pool.allowedDevices : named;
}

/** What can be said of the Pools of a Job before it is run: for the check of a configuration. */
export function jobPoolFaults(job: JobResource): readonly { readonly directive: string; readonly fault: string }[] {
  if (job.type !== "Backup") return [];
  const { fullBackupPool: full, differentialBackupPool: differential, incrementalBackupPool: incremental } = job;
  // The Pool itself is used only by levels that have none of their own.
  const isPoolUsed = full === undefined || differential === undefined || incremental === undefined;
  const pools = [
    ["Pool", isPoolUsed ? job.pool : undefined, undefined],
    ["FullBackupPool", full, "Full"],
    ["DifferentialBackupPool", differential, "Differential"],
    ["IncrementalBackupPool", incremental, "Incremental"],
  ] as const;
  return pools.flatMap(([directive, pool, level]) => {
    const storage = job.storage[0] ?? pool?.storage[0] ?? job.pool.storage[0];
    if (pool === undefined || storage === undefined) return [];
    const use = { job: job.name, client: job.client.name, fileSet: job.fileSet.name, storage, level };
    const fault = poolFault(pool, use);
    return fault === undefined ? [] : [{ directive, fault }];
  });
}
