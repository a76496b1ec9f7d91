import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRunTimes } from "#lib/config/run-times.ts";
import { nextRun, runsAfter } from "./next-run.ts";

const zone = "Europe/Berlin";
const at = { file: "test", line: 1, column: 1 } as never;
const times = (text: string) => parseRunTimes(text.split(" ").map((word) => ({ text: word, at })));
const ms = (text: string) => Temporal.ZonedDateTime.from(`${text}[${zone}]`).epochMilliseconds;
function next(text: string, after: string, count = 1): string[] {
  const found: string[] = [];
  let from = ms(after);
  for (let n = 0; n < count; n++) {
    const run = nextRun(times(text), from, zone);
    if (run === null) break;
    found.push(
      Temporal.Instant.fromEpochMilliseconds(run)
        .toZonedDateTimeISO(zone)
        .toPlainDateTime()
        .toString({ smallestUnit: "minute" }),
    );
    from = run;
  }
  return found;
}

test("daily, weekly and monthly times come as they are written", () => {
  assert.deepEqual(next("at 23:05", "2026-11-21T23:05", 2), ["2026-11-22T23:05", "2026-11-23T23:05"]);
  assert.deepEqual(next("mon-sat at 23:05", "2026-11-21T23:10", 2), ["2026-11-23T23:05", "2026-11-24T23:05"]);
  assert.deepEqual(next("1st sun at 23:05", "2026-11-21T00:00", 2), ["2026-12-06T23:05", "2027-01-03T23:05"]);
  assert.deepEqual(next("2nd-5th sun at 23:05", "2026-11-21T00:00", 3), [
    "2026-11-22T23:05",
    "2026-11-29T23:05",
    "2026-12-13T23:05",
  ]);
  assert.deepEqual(next("lastday at 01:00", "2026-02-01T00:00", 2), ["2026-02-28T01:00", "2026-03-31T01:00"]);
  assert.deepEqual(next("w05 sun at 1:00", "2026-11-21T00:00"), ["2027-02-07T01:00"]);
});

test("hourly means every hour at the minute of `at`", () => {
  assert.deepEqual(next("hourly at 0:30", "2026-11-21T22:31", 3), ["2026-11-21T23:30", "2026-11-22T00:30", "2026-11-22T01:30"]);
});

test("a time that summer time leaves out runs an hour later that day, once", () => {
  assert.deepEqual(next("at 02:30", "2026-03-28T12:00", 2), ["2026-03-29T03:30", "2026-03-30T02:30"]);
});

test("a time that happens twice runs the first time only", () => {
  assert.equal(nextRun(times("at 02:30"), ms("2026-10-25T00:00"), zone), ms("2026-10-25T02:30:00+02:00"));
  assert.deepEqual(next("at 02:30", "2026-10-25T02:30:00+02:00"), ["2026-10-26T02:30"]);
});

test("29 February waits for a leap year, 30 February never comes", () => {
  assert.deepEqual(next("29 feb at 12:00", "2026-11-21T00:00"), ["2028-02-29T12:00"]);
  assert.deepEqual(next("30 feb at 12:00", "2026-11-21T00:00"), []);
});

test("whatever the times, the next run lies after the moment and none lies between", () => {
  const word = fc.constantFrom(
    "mon",
    "sun",
    "1st",
    "3rd",
    "15",
    "jan-jun",
    "lastday",
    "hourly",
    "at 02:30",
    "at 23:59",
    "w10-w40",
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 1e9 }), (words, offset) => {
      const spec = times(words.join(" "));
      const from = ms("2026-01-01T00:00") + offset * 60;
      const run = nextRun(spec, from, zone);
      if (run === null) return;
      assert.ok(run > from);
      assert.equal(nextRun(spec, run - 1, zone), run);
      const later = runsAfter(spec, from, zone);
      assert.deepEqual([later.next().value, later.next().value ?? null], [run, nextRun(spec, run, zone)]);
    }),
    { numRuns: 60 },
  );
});
