import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogTime, messageTime, parseCatalogTime, reportTime } from "./local-time.ts";

test("a catalog time reads back to the same second", () => {
  const ms = new Date(2026, 10, 21, 7, 8, 9).getTime();
  assert.equal(catalogTime(ms), "2026-11-21 07:08:09");
  assert.equal(parseCatalogTime("2026-11-21 07:08:09"), ms);
});

test("reports and messages show day, month name and time", () => {
  const ms = new Date(2026, 0, 2, 3, 4, 5).getTime();
  assert.equal(reportTime(ms), "02-Jan-2026 03:04:05");
  assert.equal(messageTime(ms), "02-Jan 03:04");
});

test("what is no time gives null", () => {
  for (const text of ["", "0000-00-00 00:00:00", "2026-02-31 00:00:00", "yesterday"])
    assert.equal(parseCatalogTime(text), null);
});
