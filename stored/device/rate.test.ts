import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate, megabytesText } from "./rate.ts";

test("a rate counts from its begin, and is forgotten when nothing happens for a while", () => {
  const rate = new Rate();
  rate.begin(1000);
  assert.equal(rate.perSecond(1000), undefined);
  rate.add(5_000_000, 1500);
  rate.add(5_000_000, 2000);
  assert.equal(rate.perSecond(3000), 5_000_000);
  assert.equal(rate.perSecond(20_000), undefined);
  rate.add(1000, 20_000);
  assert.equal(rate.perSecond(20_001), 1_000_000);
});

test("rates are shown in megabytes, small ones with more digits", () => {
  assert.equal(megabytesText(123_456_789), "123.5 MB/s");
  assert.equal(megabytesText(1_234_567), "1.23 MB/s");
});
