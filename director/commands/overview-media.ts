import { listBadVolumes } from "#catalog/queries/job-overview.ts";
import { forecastDevices, forecastPools, type DeviceForecast } from "../retention/room-forecasts.ts";
import { mayAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { catalogNames, isOn } from "./overview-scope.ts";
import { seconds, showTable, type Cell, type Columns } from "./overview-table.ts";
import { visibleNames } from "./prompts.ts";

/** Bad Volumes that are told. */
const BAD_VOLUMES_MAX = 1000;

const STORAGE_COLUMNS = {
  storage: "text",
  device: "text",
  enabled: "number",
  day: "number",
  total_bytes: "number",
  free_bytes: "number",
  bytes_per_day: "number",
  full_in_days: "number",
  history_days: "number",
} as const;

const POOL_COLUMNS = {
  pool: "text",
  bytes_per_day: "number",
  history_days: "number",
  room_bytes: "number",
  full_in_days: "number",
} as const;

/** Room of storages and Pools, and when they are full. */
export async function roomTables(context: CommandContext): Promise<void> {
  const nowMs = context.director.now();
  const { storages } = context.director.config();
  const devices = new Map<string, DeviceForecast[]>();
  const pools = [];
  for (const catalog of catalogNames(context).map((name) => context.director.catalog(name))) {
    const found = Map.groupBy(await forecastDevices(catalog, nowMs), ({ storage }) => storage);
    for (const [storage, list] of found) if (!devices.has(storage)) devices.set(storage, list);
    pools.push(...(await forecastPools(catalog, nowMs)));
  }
  const rows = visibleNames(context, "storage").flatMap((storage) => {
    const enabled = isOn(context)("storage", storage, storages.get(storage)!.enabled);
    const known = devices.get(storage) ?? [];
    if (known.length === 0) return [{ ...blank(STORAGE_COLUMNS), storage, enabled }];
    return known.map((device) => ({
      storage,
      device: device.device,
      enabled,
      day: device.day,
      total_bytes: device.totalBytes,
      free_bytes: device.freeBytes,
      bytes_per_day: "bytesPerDay" in device.forecast ? Math.round(device.forecast.bytesPerDay) : null,
      full_in_days: device.forecast.kind === "fills" ? device.forecast.fullInDays : null,
      history_days: device.forecast.days,
    }));
  });
  await showTable(context, "overview_storages", STORAGE_COLUMNS, rows);
  const seen = pools.filter(({ pool }) => mayAccess(context.operator, { kind: "pool", name: pool.Name }));
  await showTable(
    context,
    "overview_pools",
    POOL_COLUMNS,
    seen.map(({ pool, bytesPerDay, days, roomBytes, forecast }) => ({
      pool: pool.Name,
      bytes_per_day: Math.round(bytesPerDay),
      history_days: days,
      room_bytes: roomBytes,
      full_in_days: forecast?.kind === "fills" ? forecast.fullInDays : null,
    })),
  );
}

function blank<C extends Columns>(columns: C): { readonly [K in keyof C]: Cell } {
  return Object.fromEntries(Object.keys(columns).map((name) => [name, null])) as { readonly [K in keyof C]: Cell };
}

const VOLUME_COLUMNS = {
  volume: "text",
  pool: "text",
  storage: "text",
  status: "text",
  errors: "number",
  bad_blocks: "number",
  last_written: "number",
} as const;

/** Volumes that cannot be trusted. */
export async function volumeTable(context: CommandContext): Promise<void> {
  const rows = [];
  for (const catalog of catalogNames(context).map((name) => context.director.catalog(name)))
    for (const volume of await listBadVolumes(catalog, BAD_VOLUMES_MAX)) {
      // A Volume of no known pool or storage is only for those who may see all.
      if (!mayAccess(context.operator, { kind: "pool", name: volume.pool ?? "" })) continue;
      if (volume.storage !== null && !mayAccess(context.operator, { kind: "storage", name: volume.storage })) continue;
      rows.push({
        volume: volume.VolumeName,
        pool: volume.pool,
        storage: volume.storage,
        status: volume.VolStatus,
        errors: volume.VolErrors,
        bad_blocks: volume.badBlocks,
        last_written: seconds(volume.LastWritten),
      });
    }
  await showTable(context, "overview_volumes", VOLUME_COLUMNS, rows);
}
