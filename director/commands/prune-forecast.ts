import type { Catalog } from "#catalog/catalog.ts";
import { listMediaOfPool } from "#catalog/queries/media.ts";
import { listPools } from "#catalog/queries/pools.ts";
import { listPoolInflow, listSpaceHistory } from "#catalog/queries/retention.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { fillsIn, forecastSpace, HISTORY_DAYS, type Forecast } from "../retention/forecast.ts";
import { mayAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { shortSize } from "./format.ts";

const DAY_MS = 86_400_000;

/** Shows when file systems of storages and Pools with a limit are full, by their history. */
export async function showForecast(context: CommandContext, catalog: Catalog): Promise<void> {
  const nowMs = context.director.now();
  const lines = [...(await storageLines(context, catalog, nowMs)), ...(await poolLines(context, catalog, nowMs))];
  await context.say(`\nForecast from the last ${HISTORY_DAYS} days:\n${lines.map((line) => `${line}\n`).join("")}====\n`);
}

async function storageLines(context: CommandContext, catalog: Catalog, nowMs: number): Promise<string[]> {
  const rows = await listSpaceHistory(catalog, Math.floor(nowMs / DAY_MS) - HISTORY_DAYS);
  const devices = Map.groupBy(rows, (row) => `${row.StorageName}\0${row.DeviceName}`);
  const lines: string[] = [];
  for (const history of devices.values()) {
    const last = history.at(-1)!;
    if (!mayAccess(context.operator, { kind: "storage", name: last.StorageName })) continue;
    const forecast = forecastSpace(
      history.map((row) => ({ day: row.Day, totalBytes: row.TotalBytes, freeBytes: row.FreeBytes })),
    );
    lines.push(
      `Storage ${last.StorageName}, device ${last.DeviceName}: ${bytes(last.FreeBytes)} free of ${bytes(last.TotalBytes)}; ${forecastText(forecast, nowMs)}`,
    );
  }
  return lines.length > 0 ? lines : ["No storage daemon has told of its room yet."];
}

/** Pools: what their limits leave, and what jobs write. What retention frees is not counted, so it is the earliest day. */
async function poolLines(context: CommandContext, catalog: Catalog, nowMs: number): Promise<string[]> {
  const since = Math.floor(nowMs / 1000) - HISTORY_DAYS * 86_400;
  const inflow = new Map((await listPoolInflow(catalog, since)).map((row) => [row.poolId, row]));
  const lines: string[] = [];
  for (const pool of await listPools(catalog)) {
    const written = inflow.get(pool.PoolId);
    if (written === undefined || !mayAccess(context.operator, { kind: "pool", name: pool.Name })) continue;
    const days = Math.max(1, Math.ceil((nowMs / 1000 - written.first) / 86_400));
    const perDay = written.bytes / days;
    const room = await roomOf(catalog, pool);
    const wrote = `Pool ${pool.Name}: jobs write ${bytes(perDay)} a day (${days} ${days === 1 ? "day" : "days"} of history)`;
    if (room === null) {
      lines.push(`${wrote}; it has no limit`);
      continue;
    }
    const forecast = fillsIn(room, perDay, days);
    const steady = perDay * (pool.VolRetention / 86_400);
    const size = `with a Volume Retention of ${Math.floor(pool.VolRetention / 86_400)} days it needs about ${bytes(steady)}`;
    lines.push(
      `${wrote}; ${bytes(room)} left within its limits, ${forecast.kind === "fills" ? `written full in ${dayText(forecast.fullInDays, nowMs)} unless Volumes are recycled` : "not full in any foreseeable time"}; ${size}`,
    );
  }
  return lines;
}

/** Bytes that may still be written to a Pool within Maximum Pool Bytes, and Maximum Volumes times Maximum Volume Bytes; null without limit. */
async function roomOf(catalog: Catalog, pool: PoolRow): Promise<number | null> {
  const limits = [
    ...(pool.MaxPoolBytes > 0 ? [pool.MaxPoolBytes] : []),
    ...(pool.MaxVols > 0 && pool.MaxVolBytes > 0 ? [pool.MaxVols * pool.MaxVolBytes] : []),
  ];
  if (limits.length === 0) return null;
  const volumes = await listMediaOfPool(catalog, pool.PoolId);
  const used = volumes
    .filter((row) => row.VolStatus !== "Purged" && row.VolStatus !== "Recycle")
    .reduce((sum, row) => sum + row.VolBytes, 0);
  return Math.max(0, Math.min(...limits) - used);
}

function forecastText(forecast: Forecast, nowMs: number): string {
  switch (forecast.kind) {
    case "unknown":
      return `too little history to foretell (${forecast.days} ${forecast.days === 1 ? "day" : "days"})`;
    case "steady":
      return `does not fill up (${forecast.days} days of history)`;
    case "fills":
      return `grows ${bytes(forecast.bytesPerDay)} a day (${forecast.days} days of history): full in ${dayText(forecast.fullInDays, nowMs)}`;
  }
}

function dayText(days: number, nowMs: number): string {
  const date = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs))
    .toZonedDateTimeISO(Temporal.Now.timeZoneId())
    .add({ days })
    .toPlainDate();
  return `${days} ${days === 1 ? "day" : "days"}, on ${date.toString()}`;
}

function bytes(value: number): string {
  return `${shortSize(Math.max(0, value)).trim()}B`;
}
