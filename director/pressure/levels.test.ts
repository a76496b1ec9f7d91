import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLevel, isMetadataShort, levelBytes, levelsOf, NO_LEVEL, parseLevel, shortage } from "./levels.ts";

test("a level is a share or bytes, and reads back as it was written", () => {
  assert.deepEqual(parseLevel("10%"), { kind: "percent", percent: 10 });
  assert.deepEqual(parseLevel(" 2.5 % "), { kind: "percent", percent: 2.5 });
  assert.deepEqual(parseLevel("50 G"), { kind: "bytes", bytes: 50 * 2 ** 30 });
  for (const text of ["101%", "-1%", "%", "ten", ""]) assert.throws(() => parseLevel(text), RangeError, text);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.integer({ min: 0, max: 100 }).map((n) => `${n}%`),
        fc.integer({ min: 0, max: 2 ** 40 }).map(String),
      ),
      (text) => {
        assert.deepEqual(parseLevel(formatLevel(parseLevel(text))), parseLevel(text));
      },
    ),
  );
});

test("the upper level is half as much again unless it is set; without a lower one there is none", () => {
  const level = parseLevel("10%");
  assert.deepEqual(levelsOf({ pruneWhenFreeBelow: level, pruneUntilFree: NO_LEVEL })?.until, { kind: "percent", percent: 15 });
  assert.deepEqual(levelsOf({ pruneWhenFreeBelow: level, pruneUntilFree: parseLevel("30%") })?.until, {
    kind: "percent",
    percent: 30,
  });
  assert.equal(levelsOf({ pruneWhenFreeBelow: NO_LEVEL, pruneUntilFree: level }), undefined);
  assert.equal(levelBytes(parseLevel("2 T"), 1000), 1000, "never more than there is");
});

test("free bytes and free metadata are both looked at, and what is short is said", () => {
  const room = { total: 1000, free: 200, metadataTotal: 100, metadataFree: 50 };
  assert.equal(shortage(room, parseLevel("10%")), undefined);
  assert.match(shortage({ ...room, free: 99 }, parseLevel("10%")) ?? "", /99 B of 1\.000 kB are free \(9\.9 %\)/);
  assert.match(shortage({ ...room, metadataFree: 3 }, parseLevel("10%")) ?? "", /metadata/);
  assert.equal(shortage({ ...room, free: 0 }, NO_LEVEL), undefined);
  assert.equal(isMetadataShort({ ...room, free: 0 }), false, "a disk without a free byte may have metadata");
  assert.equal(isMetadataShort({ ...room, metadataFree: 4 }), true);
});
