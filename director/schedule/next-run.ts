import { LAST_WEEK, type RunTimes, type TimesOfDay } from "#lib/config/run-times.ts";

/** Days looked ahead: 29 February comes again within eight years, and weekdays on it within forty. */
const DAYS_AHEAD_MAX = 366 * 41;

/**
 * All moments after `afterMs` (unix milliseconds) at which the times match, in the time zone `zone`; without an end, or none at all.
 * At the changes of summer time (decision 0016): a time of day that is left out comes as much later as the clock was put forward; one
 * that happens twice is meant the first time. `hourly` is meant each time: 23 times on the short day, 25 times on the long one.
 */
export function* runsAfter(times: RunTimes, afterMs: number, zone: string): Generator<number, void> {
  // From yesterday on: its last hour may have been put off to today.
  let day = Temporal.Instant.fromEpochMilliseconds(afterMs).toZonedDateTimeISO(zone).toPlainDate().subtract({ days: 1 });
  let end = day.add({ days: DAYS_AHEAD_MAX });
  let startMs = startOf(day, zone);
  let pending: readonly number[] = [];
  let lastMs = afterMs;
  while (Temporal.PlainDate.compare(day, end) < 0) {
    const tomorrow = day.add({ days: 1 });
    const tomorrowMs = startOf(tomorrow, zone);
    if (matchesDay(times, day)) {
      const length = tomorrowMs - startMs;
      pending = [...pending, ...momentsOf(times.times, { day, startMs, isPlain: length === DAY_MS, zone })].toSorted(byNumber);
      end = day.add({ days: DAYS_AHEAD_MAX });
    }
    for (const at of pending) {
      if (at >= tomorrowMs) break;
      if (at <= lastMs) continue;
      yield at;
      lastMs = at;
    }
    if (pending.length > 0) pending = pending.filter((at) => at >= tomorrowMs);
    day = pending.length > 0 ? tomorrow : skipToMonth(times, tomorrow);
    startMs = day === tomorrow ? tomorrowMs : startOf(day, zone);
  }
}

/** The first moment after `afterMs` at which the times match (see runsAfter); null if there is none. */
export function nextRun(times: RunTimes, afterMs: number, zone: string): number | null {
  return runsAfter(times, afterMs, zone).next().value ?? null;
}

const DAY_MS = 86_400_000;

interface Day {
  readonly day: Temporal.PlainDate;
  readonly startMs: number;
  /** No clock is put forward or back on it. */
  readonly isPlain: boolean;
  readonly zone: string;
}

function momentsOf(times: TimesOfDay, { day, startMs, isPlain, zone }: Day): readonly number[] {
  const minutes =
    times.kind === "at"
      ? times.minutesOfDay
      : times.minutes.flatMap((minute) => Array.from({ length: 24 }, (_, hour) => hour * 60 + minute));
  if (isPlain) return minutes.map((minute) => startMs + minute * 60_000);
  const moment = (minute: number, disambiguation: "compatible" | "later"): number =>
    day.toPlainDateTime(new Temporal.PlainTime(Math.floor(minute / 60), minute % 60)).toZonedDateTime(zone, { disambiguation })
      .epochMilliseconds;
  const first = minutes.map((minute) => moment(minute, "compatible"));
  return times.kind === "at" ? first : [...first, ...minutes.map((minute) => moment(minute, "later"))];
}

/** Whole months that do not match are passed over at once. */
function skipToMonth({ months }: RunTimes, day: Temporal.PlainDate): Temporal.PlainDate {
  if (months === undefined || months.includes(day.month)) return day;
  let next = day.with({ day: 1 });
  do next = next.add({ months: 1 });
  while (!months.includes(next.month));
  return next;
}

function startOf(day: Temporal.PlainDate, zone: string): number {
  return day.toZonedDateTime(zone).epochMilliseconds;
}

function byNumber(left: number, right: number): number {
  return left - right;
}

/** The ISO week, but within the year as Bacula counts: January's days of the old year's last week are in week 0, December's of the new year's first in 53. */
function weekOfYear(day: Temporal.PlainDate): number {
  const { weekOfYear: week = 0, yearOfWeek = day.year } = day;
  if (yearOfWeek === day.year) return week;
  return yearOfWeek < day.year ? 0 : 53;
}

function matchesDay(times: RunTimes, day: Temporal.PlainDate): boolean {
  if (times.months !== undefined && !times.months.includes(day.month)) return false;
  if (times.weeksOfYear !== undefined && !times.weeksOfYear.includes(weekOfYear(day))) return false;
  if (times.lastDay && day.day === day.daysInMonth) return true;
  if (times.monthDays !== undefined && !times.monthDays.includes(day.day)) return false;
  if (times.weekDays !== undefined && !times.weekDays.includes(day.dayOfWeek % 7)) return false;
  if (times.weeksOfMonth === undefined || times.weeksOfMonth.includes(Math.ceil(day.day / 7))) return true;
  return times.weeksOfMonth.includes(LAST_WEEK) && day.day > day.daysInMonth - 7;
}
