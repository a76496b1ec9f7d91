/** Room on a file system on one day. */
export interface SpaceDay {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** What is to be expected of a file system or a Pool. */
export type Forecast =
  | { readonly kind: "unknown"; readonly days: number }
  /** `bytesPerDay` 0 or less: nothing is taken up. */
  | { readonly kind: "steady"; readonly bytesPerDay: number; readonly days: number }
  | { readonly kind: "fills"; readonly bytesPerDay: number; readonly days: number; readonly fullInDays: number };

/** Days with a measurement below which nothing is foretold. */
export const DAYS_MIN = 3;

/** Slopes are taken between at most this many days: history is looked at over so many days. */
export const HISTORY_DAYS = 60;

/** A century: beyond that nothing fills. */
const FAR_DAYS = 36_500;

/**
 * Foretells when a file system is full. Growth is the median of the slopes between all pairs of days (of used bytes), so that single days on which much was
 * deleted or copied do not count for much; a file system that was made larger counts by its used bytes alone. Pure.
 */
export function forecastSpace(history: readonly SpaceDay[]): Forecast {
  const days = history.toSorted((one, two) => one.day - two.day).slice(-HISTORY_DAYS);
  const last = days.at(-1);
  const span = last === undefined ? 0 : last.day - days[0]!.day;
  if (last === undefined || days.length < DAYS_MIN || span < DAYS_MIN - 1) return { kind: "unknown", days: days.length };
  const used = days.map((day) => ({ day: day.day, bytes: day.totalBytes - day.freeBytes }));
  const slopes: number[] = [];
  for (const [at, one] of used.entries())
    for (const two of used.slice(at + 1)) if (two.day > one.day) slopes.push((two.bytes - one.bytes) / (two.day - one.day));
  return fillsIn(last.freeBytes, median(slopes), span);
}

/** Foretells when something with so much room is full that takes up so much a day. */
export function fillsIn(freeBytes: number, bytesPerDay: number, days: number): Forecast {
  const fullInDays = bytesPerDay > 0 ? Math.floor(Math.max(0, freeBytes) / bytesPerDay) : Infinity;
  if (fullInDays > FAR_DAYS) return { kind: "steady", bytesPerDay, days };
  return { kind: "fills", bytesPerDay, days, fullInDays };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, two) => one - two);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
