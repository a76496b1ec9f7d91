import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ConfigMistake } from "./problem.ts";
import { formatRunTimes, LAST_WEEK, parseRunTimes, type RunTimes, type RunWord } from "./run-times.ts";

function words(text: string): readonly RunWord[] {
  const list = text.split(/\s+/).filter((word) => word !== "");
  return list.map((word) => ({ text: word, at: { file: "f", line: 1, column: 1 } }));
}

const times = (text: string): RunTimes => parseRunTimes(words(text));
const at = (...minutesOfDay: readonly number[]) => ({ times: { kind: "at", minutesOfDay } }) as const;

const always: RunTimes = {
  times: { kind: "at", minutesOfDay: [0] }, monthDays: undefined, lastDay: false, months: undefined, weekDays: undefined, weeksOfMonth: undefined, weeksOfYear: undefined,
}; // prettier-ignore

test("what is not mentioned restricts nothing, and the time is midnight", () => {
  assert.deepEqual(times(""), always);
});

test("the usual lines mean what they say", () => {
  assert.deepEqual(times("1st sun at 23:05"), { ...always, weeksOfMonth: [1], weekDays: [0], ...at(23 * 60 + 5) });
  assert.deepEqual(times("2nd-5th sun at 23:05"), {
    ...always,
    weeksOfMonth: [2, 3, 4, 5],
    weekDays: [0],
    ...at(23 * 60 + 5),
  });
  assert.deepEqual(times("mon-sat at 1:05pm"), { ...always, weekDays: [1, 2, 3, 4, 5, 6], ...at(13 * 60 + 5) });
  assert.deepEqual(times("on 1 15 jan-mar at 0:30"), { ...always, monthDays: [1, 15], months: [1, 2, 3], ...at(30) });
  assert.deepEqual(times("first sunday december w05-w07"), {
    ...always,
    weeksOfMonth: [1],
    weekDays: [0],
    months: [12],
    weeksOfYear: [5, 6, 7],
  });
});

test("ranges go over the end of the week, the month and the year", () => {
  assert.deepEqual(times("fri-mon").weekDays, [0, 1, 5, 6]);
  assert.deepEqual(times("30-2").monthDays, [1, 2, 30, 31]);
  assert.deepEqual(times("nov-feb").months, [1, 2, 11, 12]);
});

test("several times may be given, with `at` before each or only before the first", () => {
  for (const text of ["at 1:05 at 3:20", "at 1:05 3:20", "at 3:20 1:05 1:05"])
    assert.deepEqual(times(text), { ...always, ...at(65, 200) });
  assert.deepEqual(times("at 1:00 mon 2:00"), { ...always, weekDays: [1], ...at(60, 120) });
});

test("hourly means every hour at the minutes of the times that are given", () => {
  assert.deepEqual(times("hourly").times, { kind: "hourly", minutes: [0] });
  assert.deepEqual(times("hourly at 0:35 at 12:05").times, { kind: "hourly", minutes: [5, 35] });
  assert.deepEqual(times("at 0:15 hourly").times, { kind: "hourly", minutes: [15] });
});

test("noon and midnight of the twelve-hour clock", () => {
  assert.deepEqual(
    ["12:00am", "12:00pm", "1:00am", "11:00PM", "0:30am", "0:30pm"].map((text) => times(`at ${text}`).times),
    [0, 720, 60, 23 * 60, 30, 750].map((minute) => at(minute).times),
  );
});

test("the last of a weekday stands alone or beside others", () => {
  assert.deepEqual(times("last sun"), { ...always, weeksOfMonth: [LAST_WEEK], weekDays: [0] });
  assert.deepEqual(times("1st last sun").weeksOfMonth, [1, LAST_WEEK]);
  assert.throws(() => times("3rd-last sun"), /"last" stands alone/);
});

test("the last day of the month stands alone or beside other days", () => {
  assert.deepEqual(times("lastday"), { ...always, lastDay: true, monthDays: [] });
  assert.deepEqual(times("lastday 15"), { ...always, lastDay: true, monthDays: [15] });
});

test("daily, weekly and monthly open what was said before them; on is a word without effect", () => {
  assert.deepEqual(times("daily weekly monthly on at 2:00"), { ...always, ...at(120) });
  assert.deepEqual(times("jan mon 1st 3 w05 daily weekly monthly"), always);
  assert.deepEqual(times("weekly mon").weekDays, [1]);
});

test("what is allowed but hardly meant is told", () => {
  const doubts = (text: string) => {
    const told: string[] = [];
    parseRunTimes(words(text), (message) => told.push(message));
    return told.map((message) => message.split(":")[0]);
  };
  assert.deepEqual(doubts("weekly at 2:00"), ['"weekly" chooses no day']);
  assert.deepEqual(doubts("monthly jan at 2:00"), ['"monthly" chooses no day']);
  for (const never of ["30 feb", "31 feb apr jun sep nov", "1st 8"])
    assert.deepEqual(doubts(never), ["such a day never comes"], never);
  for (const fine of ["weekly sun", "monthly on 1", "29 feb", "30 feb lastday", "31", "w00", "1st 7", "last 25"])
    assert.deepEqual(doubts(fine), [], fine);
});

test("a word that is mistyped is recognized", () => {
  assert.throws(
    () => times("sunn at 1:00"),
    (error: ConfigMistake) => error.hint === 'did you mean "sun"?',
  );
});

test("a bad line is refused at the word that is wrong", () => {
  const bad = [
    "23:05",
    "at",
    "at 24:00",
    "at 1:60",
    "at 13:00pm",
    "at noon",
    "32",
    "0",
    "w54",
    "w5",
    "7th",
    "sun-sun",
    "mon-3",
    "1-2-3",
    "sun-",
    "blurb",
    "at 1:5",
  ];
  for (const text of bad) assert.throws(() => times(text), { name: "Error" }, text);
});

test("printed times read back the same", () => {
  const some = (low: number, high: number) =>
    fc
      .option(fc.uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1 }), { nil: undefined })
      .map((list) => list?.toSorted((a, b) => a - b));
  const minutes = (most: number) =>
    fc.uniqueArray(fc.nat(most), { minLength: 1 }).map((list) => list.toSorted((a, b) => a - b));
  const any = fc.record({
    times: fc.oneof(
      minutes(1439).map((minutesOfDay) => ({ kind: "at" as const, minutesOfDay })),
      minutes(59).map((list) => ({ kind: "hourly" as const, minutes: list })),
    ),
    monthDays: some(1, 31), lastDay: fc.boolean(), months: some(1, 12), weekDays: some(0, 6), weeksOfMonth: some(1, 7), weeksOfYear: some(0, 53),
  }); // prettier-ignore
  fc.assert(
    fc.property(any, (made) => {
      const expected = { ...made, monthDays: made.monthDays ?? (made.lastDay ? [] : undefined) };
      assert.deepEqual(times(formatRunTimes(expected)), expected);
    }),
  );
});
