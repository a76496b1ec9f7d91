import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forecastSpace, type SpaceDay } from "./forecast.ts";

const GB = 1e9;
const growing = (days: number, perDay: number): SpaceDay[] =>
  Array.from({ length: days }, (_, day) => ({ day: 20_000 + day, totalBytes: 100 * GB, freeBytes: 90 * GB - day * perDay }));

test("steady growth is told by the day", () => {
  const forecast = forecastSpace(growing(30, 2 * GB));
  assert.deepEqual(forecast, { kind: "fills", bytesPerDay: 2 * GB, days: 29, fullInDays: 16 });
});

test("two days are too little to foretell anything", () => {
  assert.deepEqual(forecastSpace(growing(2, GB)), { kind: "unknown", days: 2 });
  assert.deepEqual(forecastSpace([]), { kind: "unknown", days: 0 });
});

test("what shrinks or stands still never fills", () => {
  assert.equal(forecastSpace(growing(10, 0)).kind, "steady");
  assert.equal(forecastSpace(growing(10, -GB)).kind, "steady");
});

test("one day on which much was deleted does not change the picture", () => {
  const history = growing(30, GB).map((day, at) => (at === 10 ? { ...day, freeBytes: day.freeBytes + 40 * GB } : day));
  const forecast = forecastSpace(history);
  assert.ok(forecast.kind === "fills" && Math.abs(forecast.bytesPerDay - GB) < 0.2 * GB, JSON.stringify(forecast));
});

test("any history gives a finite answer", () => {
  const day = fc.record({
    day: fc.integer({ min: 0, max: 40_000 }),
    totalBytes: fc.integer({ min: 0, max: 2 ** 50 }),
    freeBytes: fc.integer({ min: 0, max: 2 ** 50 }),
  });
  fc.assert(
    fc.property(fc.array(day, { maxLength: 80 }), (history) => {
      const forecast = forecastSpace(history);
      if (forecast.kind === "fills") assert.ok(forecast.fullInDays >= 0 && Number.isFinite(forecast.fullInDays));
      if (forecast.kind !== "unknown") assert.ok(Number.isFinite(forecast.bytesPerDay));
    }),
  );
});
