import type { CatalogReader } from "#catalog/database/backend.ts";
import { listMediaOfPool } from "#catalog/queries/media.ts";
import { listPools } from "#catalog/queries/pools.ts";
import { listPoolInflow, listSpaceHistory } from "#catalog/queries/retention.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { fillsIn, forecastSpace, HISTORY_DAYS, type Forecast } from "./forecast.ts";

const DAY_MS = 86_400_000;

/** Room of a device when it was looked at last, and what is to be expected of it. */
export interface DeviceForecast {
  readonly storage: string;
  readonly device: string;
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly forecast: Forecast;
}

/** What jobs write to a Pool, and what its limits leave. */
export interface PoolForecast {
  readonly pool: PoolRow;
  readonly bytesPerDay: number;
  /** Days of history. */
  readonly days: number;
  /** Bytes within its limits; null: it has none. */
  readonly roomBytes: number | null;
  /** What retention frees is not counted, so it is the earliest day. Null without limits. */
  readonly forecast: Forecast | null;
}

/** All devices whose room is known from the days of the history, by storage and device. */
export async function forecastDevices(r: CatalogReader, nowMs: number): Promise<DeviceForecast[]> {
  const rows = await listSpaceHistory(r, Math.floor(nowMs / DAY_MS) - HISTORY_DAYS);
  const devices = Map.groupBy(rows, (row) => `${row.StorageName}\0${row.DeviceName}`);
  return [...devices.values()].map((history) => {
    const last = history.at(-1)!;
    return {
      storage: last.StorageName,
      device: last.DeviceName,
      day: last.Day,
      totalBytes: last.TotalBytes,
      freeBytes: last.FreeBytes,
      forecast: forecastSpace(history.map((row) => ({ day: row.Day, totalBytes: row.TotalBytes, freeBytes: row.FreeBytes }))),
    };
  });
}

/** All Pools that jobs have written to within the days of the history. */
export async function forecastPools(r: CatalogReader, nowMs: number): Promise<PoolForecast[]> {
  const since = Math.floor(nowMs / 1000) - HISTORY_DAYS * 86_400;
  const inflow = new Map((await listPoolInflow(r, since)).map((row) => [row.poolId, row]));
  const forecasts: PoolForecast[] = [];
  for (const pool of await listPools(r)) {
    const written = inflow.get(pool.PoolId);
    if (written === undefined) continue;
    const days = Math.max(1, Math.ceil((nowMs / 1000 - written.first) / 86_400));
    const bytesPerDay = written.bytes / days;
    const roomBytes = await roomOf(r, pool);
    const forecast = roomBytes === null ? null : fillsIn(roomBytes, bytesPerDay, days);
    forecasts.push({ pool, bytesPerDay, days, roomBytes, forecast });
  }
  return forecasts;
}

/** Bytes that may still be written to a Pool within Maximum Pool Bytes, and Maximum Volumes times Maximum Volume Bytes; null without limit. */
async function roomOf(r: CatalogReader, pool: PoolRow): Promise<number | null> {
  const limits = [
    ...(pool.MaxPoolBytes > 0 ? [pool.MaxPoolBytes] : []),
    ...(pool.MaxVols > 0 && pool.MaxVolBytes > 0 ? [pool.MaxVols * pool.MaxVolBytes] : []),
  ];
  if (limits.length === 0) return null;
  const volumes = await listMediaOfPool(r, pool.PoolId);
  const used = volumes
    .filter((row) => row.VolStatus !== "Purged" && row.VolStatus !== "Recycle")
    .reduce((sum, row) => sum + row.VolBytes, 0);
  return Math.max(0, Math.min(...limits) - used);
}
