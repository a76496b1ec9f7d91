import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("a beginning of a unit is enough, and m means months but mi means minutes", () => {
  const units = ["n", "s", "sec", "m", "mo", "mi", "min", "mins", "h", "d", "w", "q", "y", "secs", "DAYS"];
  const seconds = [60, 1, 1, 2_592_000, 2_592_000, 60, 60, 60, 3600, 86_400, 604_800, 7_862_400, 31_536_000, 1, 86_400];
  assert.deepEqual(
    units.map((unit) => parseDuration(`1${unit}`)),
    seconds,
  );
});

test("pairs of number and unit follow each other with or without blanks", () => {
  assert.equal(parseDuration("1 month 3 days"), 2_592_000 + 3 * 86_400);
  assert.equal(parseDuration("2h30min"), 9000);
  assert.equal(parseDuration("1.5 hours"), 5400);
  assert.equal(parseDuration("90"), 90);
});

test("what is not a time is refused with a sentence", () => {
  assert.throws(() => parseDuration("5 lightyears"), /"lightyears" is not a unit of time/);
  for (const text of ["", "days", "-1 day", "1 day x", "999999999999999999 years"])
    assert.throws(() => parseDuration(text), RangeError);
});

test("a printed time reads back to the same number", () => {
  fc.assert(fc.property(fc.nat(), (seconds) => assert.equal(parseDuration(formatDuration(seconds)), seconds)));
  assert.equal(formatDuration(5400), "1 hour 30 mins");
});
