import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatRunTimes, parseRunTimes, type RunTimes } from "./run-times.ts";

function times(text: string): RunTimes {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return parseRunTimes(words.map((word) => ({ text: word, at: { file: "f", line: 1, column: 1 } })));
}

const always: RunTimes = {
  hours: [0], minute: 0, monthDays: undefined, lastDay: false, months: undefined, weekDays: undefined, weeksOfMonth: undefined, weeksOfYear: undefined,
}; // prettier-ignore

test("what is not mentioned restricts nothing, and the time is midnight", () => {
  assert.deepEqual(times(""), always);
});

test("the usual lines mean what they say", () => {
  assert.deepEqual(times("1st sun at 23:05"), { ...always, weeksOfMonth: [1], weekDays: [0], hours: [23], minute: 5 });
  assert.deepEqual(times("2nd-5th sun at 23:05"), {
    ...always,
    weeksOfMonth: [2, 3, 4, 5],
    weekDays: [0],
    hours: [23],
    minute: 5,
  });
  assert.deepEqual(times("mon-sat at 1:05pm"), { ...always, weekDays: [1, 2, 3, 4, 5, 6], hours: [13], minute: 5 });
  assert.deepEqual(times("on 1 15 jan-mar at 0:30"), { ...always, monthDays: [1, 15], months: [1, 2, 3], minute: 30 });
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

test("several hours may be given, but there is one minute, the last", () => {
  assert.deepEqual(times("at 1:05 at 3:20"), { ...always, hours: [1, 3], minute: 20 });
  assert.deepEqual(times("hourly at 0:30"), { ...always, hours: Array.from({ length: 24 }, (_, hour) => hour), minute: 30 });
});

test("noon and midnight of the twelve-hour clock", () => {
  assert.deepEqual(
    ["12:00am", "12:00pm", "1:00am", "11:00pm"].map((text) => times(`at ${text}`).hours),
    [[0], [12], [1], [23]],
  );
});

test("the last day of the month stands alone or beside other days", () => {
  assert.deepEqual(times("lastday"), { ...always, lastDay: true, monthDays: [] });
  assert.deepEqual(times("lastday 15"), { ...always, lastDay: true, monthDays: [15] });
});

test("daily, weekly, monthly and on are words without effect", () => {
  assert.deepEqual(times("daily weekly monthly on at 2:00"), { ...always, hours: [2] });
});

test("a bad line is refused at the word that is wrong", () => {
  const bad = [
    "23:05",
    "at",
    "at 24:00",
    "at 1:60",
    "at 13:00pm",
    "at 0:00am",
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
  const any = fc.record({
    hours: fc.uniqueArray(fc.nat(23), { minLength: 1 }).map((list) => list.toSorted((a, b) => a - b)),
    minute: fc.nat(59), monthDays: some(1, 31), lastDay: fc.boolean(), months: some(1, 12), weekDays: some(0, 6), weeksOfMonth: some(1, 6), weeksOfYear: some(0, 53),
  }); // prettier-ignore
  fc.assert(
    fc.property(any, (made) => {
      const expected = { ...made, monthDays: made.monthDays ?? (made.lastDay ? [] : undefined) };
      assert.deepEqual(times(formatRunTimes(expected)), expected);
    }),
  );
});
