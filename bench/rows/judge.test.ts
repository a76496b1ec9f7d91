import assert from "node:assert/strict";
import test from "node:test";
import { judgeLeast, judgeMost, judgeRatio } from "./judge.ts";
import type { Series } from "./row.ts";

const series: Series[] = [
  { work: "restore", subject: "ours", unit: "s", values: [6, 9, 7] },
  { work: "restore", subject: "slow", unit: "s", values: [30] },
  { work: "restore", subject: "quick", unit: "s", values: [10, 10, 10] },
];

test("ours is judged by the median of the best peer", () => {
  const [judgement] = judgeRatio(
    series,
    "restore",
    { work: "restore", subject: "ours" },
    { work: "restore", subjects: ["slow", "quick"] },
    0.7,
  );
  assert.deepEqual(judgement, { goal: "restore", figure: "0.70 of quick", bound: "at most 0.70", isMet: true });
});

test("what was not measured is not judged", () => {
  const ours = { work: "restore", subject: "ours" };
  assert.deepEqual(judgeRatio(series, "restore", ours, { work: "restore", subjects: ["absent"] }, 1), []);
  assert.deepEqual(judgeRatio(series, "other", { ...ours, work: "other" }, { work: "restore", subjects: ["quick"] }, 1), []);
});

test("a bound is met at the bound", () => {
  assert.equal(judgeMost("memory", 250, 250, String).isMet, true);
  assert.equal(judgeMost("memory", 251, 250, String).isMet, false);
  assert.equal(judgeLeast("rows", 300, 300, String).isMet, true);
  assert.equal(judgeLeast("rows", 299, 300, String).isMet, false);
});
