import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf } from "./volume-facts.ts";

test("a disk Volume has a file for each 4 GiB before its last byte, whatever Maximum File Size is, as Bacula counts", () => {
  // What Bacula 9.6.7 had in its catalog, with Maximum File Size = 200M (the first) and with its default.
  assert.deepEqual(endOf(9_672_023_784, undefined), { files: 2, endFile: 2, endBlock: 1_082_089_191 });
  assert.deepEqual(endOf(5_373_346_939, undefined), { files: 1, endFile: 1, endBlock: 1_078_379_642 });
  assert.deepEqual(endOf(859, undefined), { files: 0, endFile: 0, endBlock: 858 });
  assert.deepEqual(endOf(0, undefined), { files: 0, endFile: 0, endBlock: 0 });
});

test("a tape has as many files as it has file marks", () => {
  assert.deepEqual(endOf(10_000_000, 5 * 2 ** 32 + 17), { files: 5, endFile: 5, endBlock: 17 });
});
