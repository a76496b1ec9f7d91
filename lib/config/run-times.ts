import { didYouMean } from "./did-you-mean.ts";
import { ConfigMistake } from "./problem.ts";
import type { Position } from "./position.ts";

/** Times of day, sorted: moments of the day in minutes from midnight, or minutes of every hour (`hourly`). */
export type TimesOfDay =
  | { readonly kind: "at"; readonly minutesOfDay: readonly number[] }
  | { readonly kind: "hourly"; readonly minutes: readonly number[] };

/** The last seven days of the month, among the weeks of the month. */
export const LAST_WEEK = 7;

/**
 * When something runs, as `Run =` and `Connect =` say it. A class that is not mentioned is undefined and restricts nothing.
 * A day matches if month and weekOfYear match and either (monthDay and weekDay and weekOfMonth match) or
 * (lastDay and it is the last day of the month). With only `lastday`, monthDays is empty.
 */
export interface RunTimes {
  /** Midnight where nothing is said. */
  readonly times: TimesOfDay;
  /** Days of the month, 1-31. */
  readonly monthDays: readonly number[] | undefined;
  readonly lastDay: boolean;
  /** Months, 1-12. */
  readonly months: readonly number[] | undefined;
  /** Days of the week, 0 Sunday to 6 Saturday. */
  readonly weekDays: readonly number[] | undefined;
  /** Week of the month, 1-6: (day - 1) / 7 + 1; LAST_WEEK. */
  readonly weeksOfMonth: readonly number[] | undefined;
  /** ISO week of the year; 0 and 53 for the days before week 1 and after week 52 that ISO counts to the other year, too. */
  readonly weeksOfYear: readonly number[] | undefined;
}

/** Classes that `weekly` opens again. */
const WEEKLY = ["monthDays", "weeksOfMonth", "weeksOfYear"] as const;

/** A word of the specification. */
export interface RunWord {
  readonly text: string;
  readonly at: Position;
}

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth"];
const SHORT_ORDINALS = ["1st", "2nd", "3rd", "4th", "5th", "6th", "last"];
/** Words without a class, and all others, for whoever mistypes one. */
const OTHER_WORDS = ["on", "at", "hourly", "daily", "weekly", "monthly", "lastday"];
const NAMES = [...DAYS, ...MONTHS];
const WORDS = [...OTHER_WORDS, ...NAMES.map((name) => name.slice(0, 3)), ...NAMES, ...ORDINALS, ...SHORT_ORDINALS];

type TimeClass = "monthDays" | "months" | "weekDays" | "weeksOfMonth" | "weeksOfYear";

const BOUNDS: Record<TimeClass, readonly [number, number]> = {
  monthDays: [1, 31],
  months: [1, 12],
  weekDays: [0, 6],
  weeksOfMonth: [1, 6],
  weeksOfYear: [0, 53],
};

/** What `parseRunTimes` tells of that is allowed but hardly meant. */
export type RunTimesWarning = (message: string, at: Position | undefined) => void;

/** Reads date and time words, such as `1st sun at 23:05`. Throws ConfigMistake at the word that is wrong. */
export function parseRunTimes(words: readonly RunWord[], warn: RunTimesWarning = () => {}): RunTimes {
  const reader = new RunTimesReader();
  for (const word of words) {
    try {
      reader.word(word.text.toLowerCase());
    } catch (error) {
      if (error instanceof ConfigMistake && error.at === undefined)
        throw new ConfigMistake(error.message, { at: word.at, hint: error.hint });
      throw error;
    }
  }
  const times = reader.end(words.at(-1)?.at);
  const span = words.find((word) => /^(weekly|monthly)$/i.test(word.text));
  if (span !== undefined && !choosesDays(times))
    warn(`"${span.text}" chooses no day: this runs every day; say which, such as "sun" or "on 1"`, span.at);
  if (neverComes(times)) warn("such a day never comes", words[0]?.at);
  return times;
}

class RunTimesReader {
  readonly #classes = new Map<TimeClass, Set<number>>();
  readonly #minutesOfDay = new Set<number>();
  #isHourly = false;
  #lastDay = false;
  /** Just after `at`; times may follow each other then. */
  #isTimeDue = false;
  #isAfterAt = false;

  word(word: string): void {
    if (this.#isTimeDue || (this.#isAfterAt && word.includes(":"))) {
      this.#time(word);
      this.#isTimeDue = false;
    } else if (word === "at") this.#isTimeDue = this.#isAfterAt = true;
    else if (word === "hourly") this.#isHourly = true;
    else if (word === "lastday") this.#lastDay = true;
    else if (word.includes(":")) throw new ConfigMistake(`the time ${word} must be preceded by the word "at"`);
    else if (word === "daily") this.#classes.delete("weekDays");
    else if (word === "monthly") this.#classes.delete("months");
    else if (word === "weekly") for (const name of WEEKLY) this.#classes.delete(name);
    else if (word !== "on") this.#days(word);
  }

  end(at: Position | undefined): RunTimes {
    if (this.#isTimeDue) throw new ConfigMistake('a time is expected after "at"', { at });
    const monthDays = this.#class("monthDays");
    return {
      times: this.#times(),
      monthDays: monthDays ?? (this.#lastDay ? [] : undefined),
      lastDay: this.#lastDay,
      months: this.#class("months"),
      weekDays: this.#class("weekDays"),
      weeksOfMonth: this.#class("weeksOfMonth"),
      weeksOfYear: this.#class("weeksOfYear"),
    };
  }

  #times(): TimesOfDay {
    const minutesOfDay = this.#minutesOfDay.size === 0 ? [0] : sorted(this.#minutesOfDay);
    if (!this.#isHourly) return { kind: "at", minutesOfDay };
    return { kind: "hourly", minutes: sorted(new Set(minutesOfDay.map((minute) => minute % 60))) };
  }

  #class(name: TimeClass): readonly number[] | undefined {
    const values = this.#classes.get(name);
    return values === undefined ? undefined : sorted(values);
  }

  #time(word: string): void {
    const match = /^([0-9]{1,2}):([0-9]{2})(am|pm)?$/.exec(word);
    if (match === null) throw new ConfigMistake(`"${word}" is not a time such as 23:05 or 1:05pm`);
    const [, hourText, minuteText, half] = match;
    let hour = Number(hourText);
    const minute = Number(minuteText);
    if (half !== undefined) {
      if (hour > 12) throw new ConfigMistake(`"${word}" is not a time: with am or pm the hour is at most 12`);
      hour = (hour % 12) + (half === "pm" ? 12 : 0);
    }
    if (hour > 23 || minute > 59) throw new ConfigMistake(`"${word}" is not a time of day`);
    this.#minutesOfDay.add(hour * 60 + minute);
  }

  #days(word: string): void {
    const [from, to, ...more] = word.split("-").map(dayWord);
    if (from === undefined || more.length > 0) throw new ConfigMistake(`"${word}" is not a range`);
    if (to !== undefined && to.name !== from.name)
      throw new ConfigMistake(`"${word}" is not a range: its ends are of different kinds`);
    if (to?.value === from.value && from.name !== "monthDays" && from.name !== "weeksOfYear")
      throw new ConfigMistake(`"${word}" is not a range: both ends are the same`);
    const values = this.#classes.get(from.name) ?? new Set();
    this.#classes.set(from.name, values);
    if (to === undefined) return void values.add(from.value);
    if (from.name === "weeksOfMonth" && (from.value === LAST_WEEK || to.value === LAST_WEEK))
      throw new ConfigMistake(`"${word}" is not a range: "last" stands alone`, { hint: 'such as "2nd-4th,last sun"' });
    const [least, most] = BOUNDS[from.name];
    for (const value of range(from.value, to.value, least, most)) values.add(value);
  }
}

function choosesDays(times: RunTimes): boolean {
  return (
    times.lastDay ||
    [times.monthDays, times.weekDays, times.weeksOfMonth, times.weeksOfYear].some((values) => values !== undefined)
  );
}

/** Longest each month gets. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** True for days that no calendar has, such as 30 February. Not all of them are found: whether weeks and months meet is not looked at. */
function neverComes(times: RunTimes): boolean {
  if (times.lastDay || times.monthDays === undefined) return false;
  const longest = Math.max(...(times.months ?? [1]).map((month) => MONTH_DAYS[month - 1]!));
  return !times.monthDays.some(
    (day) => day <= longest && (times.weeksOfMonth?.some((week) => week === LAST_WEEK || week === Math.ceil(day / 7)) ?? true),
  );
}

function dayWord(word: string): { name: TimeClass; value: number } {
  if (/^[0-9]{1,2}$/.test(word)) return within("monthDays", Number(word), word);
  const week = /^w([0-9]{2})$/.exec(word);
  if (week !== null) return within("weeksOfYear", Number(week[1]), word);
  const ordinal = Math.max(ORDINALS.indexOf(word), SHORT_ORDINALS.indexOf(word));
  if (ordinal >= 0) return { name: "weeksOfMonth", value: ordinal + 1 };
  const day = DAYS.findIndex((name) => name === word || name.slice(0, 3) === word);
  if (day >= 0) return { name: "weekDays", value: day };
  const month = MONTHS.findIndex((name) => name === word || name.slice(0, 3) === word);
  if (month >= 0) return { name: "months", value: month + 1 };
  throw new ConfigMistake(`"${word}" is not a word of a date or time`, {
    hint: didYouMean(word, WORDS) ?? "such as 1st, sun, jan, 15, w05, last, lastday, hourly, at 23:05",
  });
}

function within(name: TimeClass, value: number, word: string): { name: TimeClass; value: number } {
  const [least, most] = BOUNDS[name];
  if (value < least || value > most) throw new ConfigMistake(`${word} is out of range: ${least} to ${most} is allowed`);
  return { name, value };
}

/** From one value to another, over the end of the class if the second is smaller. */
function range(from: number, to: number, least: number, most: number): number[] {
  const values: number[] = [];
  for (let value = from; ; value = value === most ? least : value + 1) {
    values.push(value);
    if (value === to) return values;
  }
}

function sorted(values: Iterable<number>): readonly number[] {
  return [...values].toSorted((left, right) => left - right);
}

/** Words that `parseRunTimes` reads back to the same times. */
export function formatRunTimes(times: RunTimes): string {
  const words: readonly (readonly unknown[] | undefined)[] = [
    times.weeksOfMonth?.map((week) => SHORT_ORDINALS[week - 1]),
    times.weekDays?.map((day) => DAYS[day]!.slice(0, 3)),
    times.monthDays,
    times.lastDay ? ["lastday"] : undefined,
    times.months?.map((month) => MONTHS[month - 1]!.slice(0, 3)),
    times.weeksOfYear?.map((week) => `w${String(week).padStart(2, "0")}`),
    formatTimes(times.times),
  ];
  return words.flatMap((list) => list ?? []).join(" ");
}

function formatTimes(times: TimesOfDay): readonly string[] {
  const at = (minuteOfDay: number) => `at ${Math.floor(minuteOfDay / 60)}:${String(minuteOfDay % 60).padStart(2, "0")}`;
  return times.kind === "hourly" ? ["hourly", ...times.minutes.map(at)] : times.minutesOfDay.map(at);
}
