import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRunTimes } from "#lib/config/run-times.ts";
import { expectedRuns } from "./expected-runs.ts";

const zone = "Europe/Berlin";
const HOUR_MS = 3_600_000;
const at = { file: "test", line: 1, column: 1 } as never;
const ms = (text: string) => Temporal.ZonedDateTime.from(`${text}[${zone}]`).epochMilliseconds;
const lines = (...texts: readonly string[]) =>
  texts.map((text) => ({ spec: { overrides: {}, times: parseRunTimes(text.split(" ").map((word) => ({ text: word, at }))) } }));

function expected(texts: readonly string[], since: string, now: string) {
  const found = expectedRuns(lines(...texts), { sinceMs: ms(since), nowMs: ms(now), graceMs: HOUR_MS, zone });
  return { ...found, missedSinceMs: found.missedSinceMs === null ? null : found.missedSinceMs - ms(since) };
}

test("a run is missed when nothing good came since it was due, and its grace has passed", () => {
  const nightly = ["at 23:05"];
  assert.equal(expected(nightly, "2026-11-20T23:05", "2026-11-21T23:50").missed, 0);
  const late = expected(nightly, "2026-11-20T23:05", "2026-11-22T00:10");
  assert.deepEqual([late.missed, late.missedSinceMs], [1, 24 * HOUR_MS]);
  assert.equal(expected(nightly, "2026-11-20T23:05", "2026-11-24T12:00").missed, 3);
});

test("lines of one Schedule at the same moment are one run", () => {
  assert.equal(expected(["sun at 1:00", "daily at 1:00"], "2026-11-20T01:00", "2026-11-22T12:00").missed, 2);
});

test("the next run is told, and a job without lines expects nothing", () => {
  assert.equal(expected(["at 23:05", "at 4:00"], "2026-11-21T04:00", "2026-11-21T12:00").nextMs, ms("2026-11-21T23:05"));
  assert.deepEqual(expected([], "2026-11-20T01:00", "2026-11-22T12:00"), { missed: 0, missedSinceMs: null, nextMs: null });
});

test("years of missed hours are counted up to a bound", () => {
  assert.equal(expected(["hourly at 0:05"], "2016-01-01T00:00", "2026-11-22T12:00").missed, 100);
});
