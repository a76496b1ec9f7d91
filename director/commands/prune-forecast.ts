import type { Catalog } from "#catalog/catalog.ts";
import { HISTORY_DAYS, type Forecast } from "../retention/forecast.ts";
import { forecastDevices, forecastPools } from "../retention/room-forecasts.ts";
import { mayAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { shortSize } from "./format.ts";

/** Shows when file systems of storages and Pools with a limit are full, by their history. */
export async function showForecast(context: CommandContext, catalog: Catalog): Promise<void> {
  const nowMs = context.director.now();
  const lines = [...(await storageLines(context, catalog, nowMs)), ...(await poolLines(context, catalog, nowMs))];
  await context.say(`\nForecast from the last ${HISTORY_DAYS} days:\n${lines.map((line) => `${line}\n`).join("")}====\n`);
}

async function storageLines(context: CommandContext, catalog: Catalog, nowMs: number): Promise<string[]> {
  const lines = (await forecastDevices(catalog, nowMs))
    .filter(({ storage }) => mayAccess(context.operator, { kind: "storage", name: storage }))
    .map(
      ({ storage, device, freeBytes, totalBytes, forecast }) =>
        `Storage ${storage}, device ${device}: ${bytes(freeBytes)} free of ${bytes(totalBytes)}; ${forecastText(forecast, nowMs)}`,
    );
  return lines.length > 0 ? lines : ["No storage daemon has told of its room yet."];
}

async function poolLines(context: CommandContext, catalog: Catalog, nowMs: number): Promise<string[]> {
  const forecasts = await forecastPools(catalog, nowMs);
  return forecasts
    .filter(({ pool }) => mayAccess(context.operator, { kind: "pool", name: pool.Name }))
    .map(({ pool, bytesPerDay, days, roomBytes, forecast }) => {
      const wrote = `Pool ${pool.Name}: jobs write ${bytes(bytesPerDay)} a day (${days} ${days === 1 ? "day" : "days"} of history)`;
      if (roomBytes === null || forecast === null) return `${wrote}; it has no limit`;
      const retentionDays = pool.VolRetention / 86_400;
      const size = `with a Volume Retention of ${Math.floor(retentionDays)} days it needs about ${bytes(bytesPerDay * retentionDays)}`;
      return `${wrote}; ${bytes(roomBytes)} left within its limits, ${forecast.kind === "fills" ? `written full in ${dayText(forecast.fullInDays, nowMs)} unless Volumes are recycled` : "not full in any foreseeable time"}; ${size}`;
    });
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
