import type { RunTimes } from "#lib/config/run-times.ts";

/** Days looked ahead: 29 February comes again within eight years, and weekdays on it within forty. */
const DAYS_AHEAD_MAX = 366 * 41;

/**
 * The first moment after `afterMs` (unix milliseconds) at which the times match, in the time zone `zone`; null if there is none. A time
 * that summer time leaves out comes as much later as the clock was put forward; one that happens twice is meant the first time.
 */
export function nextRun(times: RunTimes, afterMs: number, zone: string): number | null {
  let day = Temporal.Instant.fromEpochMilliseconds(afterMs).toZonedDateTimeISO(zone).toPlainDate();
  for (let count = 0; count < DAYS_AHEAD_MAX; count++, day = day.add({ days: 1 })) {
    if (!matchesDay(times, day)) continue;
    for (const hour of times.hours) {
      const at = day.toZonedDateTime({
        timeZone: zone,
        plainTime: new Temporal.PlainTime(hour, times.minute),
      }).epochMilliseconds;
      if (at > afterMs) return at;
    }
  }
  return null;
}

/** Moments in the span (after `fromMs`, up to and with `toMs`), at most `limit`. */
export function runsWithin(
  times: RunTimes,
  fromMs: number,
  toMs: number,
  options: { readonly zone: string; readonly limit: number },
): readonly number[] {
  const runs: number[] = [];
  for (
    let at = nextRun(times, fromMs, options.zone);
    at !== null && at <= toMs && runs.length < options.limit;
    at = nextRun(times, at, options.zone)
  )
    runs.push(at);
  return runs;
}

function matchesDay(times: RunTimes, day: Temporal.PlainDate): boolean {
  if (times.months !== undefined && !times.months.includes(day.month)) return false;
  if (times.weeksOfYear !== undefined && !times.weeksOfYear.includes(day.weekOfYear ?? 0)) return false;
  if (times.lastDay && day.day === day.daysInMonth) return true;
  if (times.monthDays !== undefined && !times.monthDays.includes(day.day)) return false;
  if (times.weekDays !== undefined && !times.weekDays.includes(day.dayOfWeek % 7)) return false;
  return times.weeksOfMonth === undefined || times.weeksOfMonth.includes(Math.floor((day.day - 1) / 7) + 1);
}
