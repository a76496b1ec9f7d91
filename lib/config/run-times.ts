import { ConfigMistake } from "./problem.ts";
import type { Position } from "./position.ts";

/**
 * When something runs, as `Run =` and `Connect =` say it. A class that is not mentioned is undefined and restricts nothing.
 * A minute matches if hour, minute, month, weekOfYear match and either (monthDay and weekDay and weekOfMonth match) or
 * (lastDay and it is the last day of the month). With only `lastday`, monthDays is empty.
 */
export interface RunTimes {
  /** Hours 0-23; [0] where nothing is said. */
  readonly hours: readonly number[];
  readonly minute: number;
  /** Days of the month, 1-31. */
  readonly monthDays: readonly number[] | undefined;
  readonly lastDay: boolean;
  /** Months, 1-12. */
  readonly months: readonly number[] | undefined;
  /** Days of the week, 0 Sunday to 6 Saturday. */
  readonly weekDays: readonly number[] | undefined;
  /** Week of the month, 1-6: (day - 1) / 7 + 1. */
  readonly weeksOfMonth: readonly number[] | undefined;
  /** ISO week of the year, 0-53. */
  readonly weeksOfYear: readonly number[] | undefined;
}

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
const SHORT_ORDINALS = ["1st", "2nd", "3rd", "4th", "5th", "6th"];

type TimeClass = "monthDays" | "months" | "weekDays" | "weeksOfMonth" | "weeksOfYear";

const BOUNDS: Record<TimeClass, readonly [number, number]> = {
  monthDays: [1, 31],
  months: [1, 12],
  weekDays: [0, 6],
  weeksOfMonth: [1, 6],
  weeksOfYear: [0, 53],
};

/** Reads date and time words, such as `1st sun at 23:05`. Throws ConfigMistake at the word that is wrong. */
export function parseRunTimes(words: readonly RunWord[]): RunTimes {
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
  return reader.end(words.at(-1)?.at);
}

class RunTimesReader {
  readonly #classes = new Map<TimeClass, Set<number>>();
  readonly #hours = new Set<number>();
  #minute = 0;
  #isHourly = false;
  #lastDay = false;
  #afterAt = false;

  word(word: string): void {
    if (this.#afterAt) {
      this.#time(word);
      this.#afterAt = false;
    } else if (word === "at") this.#afterAt = true;
    else if (word === "hourly") this.#isHourly = true;
    else if (word === "lastday") this.#lastDay = true;
    else if (word.includes(":")) throw new ConfigMistake(`the time ${word} must be preceded by the word "at"`);
    else if (!isNoise(word)) this.#days(word);
  }

  end(at: Position | undefined): RunTimes {
    if (this.#afterAt) throw new ConfigMistake('a time is expected after "at"', { at });
    const hours = this.#isHourly ? range(0, 23, 0, 23) : this.#hours.size === 0 ? [0] : sorted(this.#hours);
    const monthDays = this.#class("monthDays");
    return {
      hours,
      minute: this.#minute,
      monthDays: monthDays ?? (this.#lastDay ? [] : undefined),
      lastDay: this.#lastDay,
      months: this.#class("months"),
      weekDays: this.#class("weekDays"),
      weeksOfMonth: this.#class("weeksOfMonth"),
      weeksOfYear: this.#class("weeksOfYear"),
    };
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
      if (hour < 1 || hour > 12) throw new ConfigMistake(`"${word}" is not a time: with am or pm the hour is 1 to 12`);
      hour = (hour % 12) + (half === "pm" ? 12 : 0);
    }
    if (hour > 23 || minute > 59) throw new ConfigMistake(`"${word}" is not a time of day`);
    this.#hours.add(hour);
    this.#minute = minute;
  }

  #days(word: string): void {
    const [from, to, ...more] = word.split("-").map(dayWord);
    if (from === undefined || more.length > 0) throw new ConfigMistake(`"${word}" is not a range`);
    if (to !== undefined && to.name !== from.name)
      throw new ConfigMistake(`"${word}" is not a range: its ends are of different kinds`);
    if (to !== undefined && to.value === from.value && from.name !== "monthDays")
      throw new ConfigMistake(`"${word}" is not a range: both ends are the same`);
    const values = this.#classes.get(from.name) ?? new Set();
    this.#classes.set(from.name, values);
    const [least, most] = BOUNDS[from.name];
    for (const value of range(from.value, to?.value ?? from.value, least, most)) values.add(value);
  }
}

function isNoise(word: string): boolean {
  return word === "on" || word === "daily" || word === "weekly" || word === "monthly";
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
    hint: "such as 1st, sun, jan, 15, w05, lastday, hourly, at 23:05",
  });
}

function within(name: TimeClass, value: number, word: string): { name: TimeClass; value: number } {
  const [least, most] = BOUNDS[name];
  if (value < least || value > most) throw new ConfigMistake(`${word} is out of range`);
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
    times.hours.map((hour) => `at ${hour}:${String(times.minute).padStart(2, "0")}`),
  ];
  return words.flatMap((list) => list ?? []).join(" ");
}
