import { catalogTime, parseCatalogTime } from "#lib/base/local-time.ts";
import type { Catalog, CatalogWriter } from "#catalog/catalog.ts";
import { ensureClient } from "#catalog/queries/clients.ts";
import { ensureCounter } from "#catalog/queries/counters.ts";
import { ensureFileSet } from "#catalog/queries/filesets.ts";
import { findFailedSince, findLastFull, findLastOfLevels, type JobKey } from "#catalog/queries/levels.ts";
import { ensurePool, findPool, type PoolRecord } from "#catalog/queries/pools.ts";
import { isAfter } from "#catalog/queries/job-order.ts";
import { ensureMediaType, ensureStorage } from "#catalog/queries/storages.ts";
import type { FileSetRow } from "#catalog/schema/fileset.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { StorageRow } from "#catalog/schema/media.ts";
import type { ClientResource } from "#director/config/client.ts";
import { filesetMd5, type FileSetResource } from "#director/config/file-set.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { PoolResource } from "#director/config/pool.ts";
import { isAutochanger, type StorageResource } from "#director/config/storage.ts";
import type { LevelFacts, PriorJob, RunLevel } from "./level.ts";

/** Brings the rows of Clients, Storages, Pools and Counters in line with their resources: at start and after `reload`. */
export async function recordResources(catalog: Catalog, catalogName: string, config: DirectorConfig): Promise<void> {
  for (const client of config.clients.values()) if (client.catalog.name === catalogName) await recordClient(catalog, client);
  for (const storage of config.storages.values()) await recordStorage(catalog, storage);
  for (const pool of config.pools.values()) await recordPool(catalog, pool);
  // Once more, now that every Pool that one may refer to has its row.
  for (const pool of config.pools.values()) if (refersToPools(pool)) await recordPool(catalog, pool);
  for (const counter of config.counters.values()) {
    if (counter.catalog !== undefined && counter.catalog.name !== catalogName) continue;
    await ensureCounter(catalog, {
      Counter: counter.name,
      MinValue: counter.minimum,
      MaxValue: counter.maximum,
      WrapCounter: counter.wrapCounter?.name ?? "",
    });
  }
}

/** The client's row; `uname`: what it says of itself, if it was asked. `unameBefore`: what it said before, when that was something else. */
export async function recordClient(
  catalog: CatalogWriter,
  client: ClientResource,
  uname?: string,
): Promise<{ readonly clientId: number; readonly unameBefore: string | null }> {
  const { client: row, unameBefore } = await ensureClient(catalog, {
    Name: client.name,
    AutoPrune: client.autoPrune ? 1 : 0,
    FileRetention: client.fileRetention,
    JobRetention: client.jobRetention,
    ...(uname === undefined ? {} : { Uname: uname }),
  });
  return { clientId: row.ClientId, unameBefore };
}

/** The storage's row. */
export async function recordStorage(catalog: CatalogWriter, storage: StorageResource): Promise<StorageRow> {
  await ensureMediaType(catalog, storage.mediaType);
  return await ensureStorage(catalog, { Name: storage.name, AutoChanger: isAutochanger(storage) ? 1 : 0 });
}

/** The pool's row. */
export async function recordPool(catalog: CatalogWriter, pool: PoolResource): Promise<PoolRow> {
  const idOf = async (other: PoolResource | undefined) =>
    other === undefined ? 0 : ((await findPool(catalog, other.name))?.PoolId ?? 0);
  return await ensurePool(catalog, {
    ...poolRecord(pool),
    ScratchPoolId: await idOf(pool.scratchPool),
    RecyclePoolId: await idOf(pool.recyclePool),
    NextPoolId: await idOf(pool.nextPool),
  });
}

/** The row of the FileSet's present version. */
export async function recordFileSet(catalog: CatalogWriter, fileSet: FileSetResource, nowMs: number): Promise<FileSetRow> {
  const record = { FileSet: fileSet.name, MD5: filesetMd5(fileSet), CreateTime: catalogTime(nowMs) };
  return (await ensureFileSet(catalog, record, { ignoreChanges: fileSet.ignoreFileSetChanges })).fileSet;
}

/** What the catalog knows of earlier runs, for `decideLevel`. */
export async function levelFacts(catalog: Catalog, key: Required<JobKey>, rerunFailed: boolean): Promise<LevelFacts> {
  const lastFull = await findLastFull(catalog, key);
  if (lastFull === null) {
    const ofAnyFileSet = await findLastFull(catalog, { name: key.name, clientId: key.clientId });
    return { lastFull: null, lastDifferential: null, lastGood: null, failedLevel: null, ranBefore: ofAnyFileSet !== null };
  }
  const lastGood = await findLastOfLevels(catalog, key, ["F", "D", "I"]);
  const lastDifferential = await findLastOfLevels(catalog, key, ["D"]);
  const failed = rerunFailed ? await findFailedSince(catalog, key, lastFull) : null;
  const isFailedNewer = failed !== null && (failed.Level === "F" || lastGood === null || isAfter(failed, lastGood));
  return {
    lastFull: priorJob(lastFull),
    lastDifferential: newerThan(lastDifferential, lastFull) ? priorJob(lastDifferential) : null,
    lastGood: priorJob(lastGood ?? lastFull),
    failedLevel: isFailedNewer ? (failed.Level as RunLevel) : null,
    ranBefore: true,
  };
}

function newerThan(row: JobRow | null, other: JobRow): row is JobRow {
  return row !== null && isAfter(row, other);
}

function priorJob(row: JobRow): PriorJob {
  return { job: row.Job, level: row.Level, startMs: (row.StartTime === null ? null : parseCatalogTime(row.StartTime)) ?? 0 };
}

function refersToPools(pool: PoolResource): boolean {
  return pool.scratchPool !== undefined || pool.recyclePool !== undefined || pool.nextPool !== undefined;
}

/** The columns of a Pool row that its resource says. */
export function poolRecord(pool: PoolResource): PoolRecord {
  return {
    Name: pool.name,
    PoolType: pool.poolType,
    Enabled: pool.enabled ? 1 : 0,
    LabelFormat: pool.labelFormat ?? "",
    LabelType: ["Bacula", "ANSI", "IBM"].indexOf(pool.labelType),
    MaxVols: pool.maximumVolumes,
    UseOnce: pool.useVolumeOnce ? 1 : 0,
    UseCatalog: pool.useCatalog ? 1 : 0,
    AcceptAnyVolume: 1,
    AutoPrune: pool.autoPrune ? 1 : 0,
    Recycle: pool.recycle ? 1 : 0,
    ActionOnPurge: pool.actionOnPurge === "Truncate" ? 1 : 0,
    VolRetention: pool.volumeRetention,
    CacheRetention: pool.cacheRetention,
    VolUseDuration: pool.volumeUseDuration,
    MaxVolJobs: pool.maximumVolumeJobs,
    MaxVolFiles: pool.maximumVolumeFiles,
    MaxVolBytes: pool.maximumVolumeBytes,
    MaxPoolBytes: pool.maximumPoolBytes,
    MigrationHighBytes: pool.migrationHighBytes,
    MigrationLowBytes: pool.migrationLowBytes,
    MigrationTime: pool.migrationTime,
  };
}
