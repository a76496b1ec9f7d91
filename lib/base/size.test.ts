import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatSize, parseSize, parseSpeed } from "./size.ts";

test("units without b are of 1024, those with b of 1000, those with ib of 1024", () => {
  const sizes = ["1k", "1kb", "1KiB", "1m", "1MB", "1mib", "1g", "1gb", "1gib", "1t", "1tb", "1tib", "7"];
  const bytes = [1024, 1000, 1024, 2 ** 20, 1e6, 2 ** 20, 2 ** 30, 1e9, 2 ** 30, 2 ** 40, 1e12, 2 ** 40, 7];
  assert.deepEqual(sizes.map(parseSize), bytes);
});

test("a size may have a decimal point and a blank before its unit", () => {
  assert.equal(parseSize("1.5 GB"), 1_500_000_000);
  assert.equal(parseSize(".5k"), 512);
});

test("a speed is written with /s, without it, or as a plain number", () => {
  assert.deepEqual(["5 kb/s", "5k/s", "5 mb/s", "100000", "2 M"].map(parseSpeed), [
    5000,
    5120,
    5_000_000,
    100_000,
    2 * 2 ** 20,
  ]);
});

test("what is not a size is refused with a sentence", () => {
  assert.throws(() => parseSize("5x"), /"x" is not a unit of size/);
  for (const text of ["", "k", "-1", "1 2", "1kbyte", "1e3", "99999999999999999999", "0x10"])
    assert.throws(() => parseSize(text), RangeError);
});

test("a printed size reads back to the same number", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes)));
  assert.equal(formatSize(50 * 2 ** 30), "50 G");
});
