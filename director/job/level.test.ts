import assert from "node:assert/strict";
import { test } from "node:test";
import { decideLevel, type LevelFacts, type LevelRules } from "./level.ts";

const DAY = 86_400_000;
const now = 100 * DAY;
const fullJob = { job: "j.full", level: "F", startMs: 90 * DAY };
const diffJob = { job: "j.diff", level: "D", startMs: 95 * DAY };
const incrementalJob = { job: "j.inc", level: "I", startMs: 99 * DAY };

function facts(given: Partial<LevelFacts> = {}): LevelFacts {
  return {
    lastFull: fullJob,
    lastDifferential: diffJob,
    lastGood: incrementalJob,
    failedLevel: null,
    ranBefore: true,
    ...given,
  };
}
function rules(given: Partial<LevelRules> = {}): LevelRules {
  return { maxFullIntervalMs: 0, maxDiffIntervalMs: 0, ...given };
}

test("an Incremental saves what changed since the newest good job", () => {
  assert.deepEqual(decideLevel("I", facts(), rules(), now), {
    level: "I",
    sinceMs: 99 * DAY,
    upgradedFrom: null,
    priorJob: "j.inc",
    messages: [],
  });
});

test("a Differential saves what changed since the last Full", () => {
  assert.equal(decideLevel("D", facts(), rules(), now).sinceMs, 90 * DAY);
});

test("without a Full of this name, Client and FileSet the job becomes Full and says why", () => {
  const never = decideLevel("I", facts({ lastFull: null, ranBefore: false }), rules(), now);
  assert.equal(never.level, "F");
  assert.equal(never.upgradedFrom, "I");
  assert.deepEqual(never.messages, ["No prior or suitable Full backup found in catalog. Doing FULL backup."]);
  const changed = decideLevel("D", facts({ lastFull: null }), rules(), now);
  assert.deepEqual(changed.messages, [
    "No prior or suitable Full backup found in catalog for the current FileSet. Doing FULL backup.",
  ]);
});

test("a Full that is too old makes the next job Full, an old Differential makes it Differential", () => {
  assert.equal(decideLevel("I", facts(), rules({ maxFullIntervalMs: 10 * DAY }), now).level, "F");
  assert.equal(decideLevel("I", facts(), rules({ maxFullIntervalMs: 11 * DAY }), now).level, "I");
  assert.equal(decideLevel("I", facts(), rules({ maxDiffIntervalMs: 5 * DAY }), now).level, "D");
});

test("a failed job of a higher level is run again at that level", () => {
  assert.equal(decideLevel("I", facts({ failedLevel: "F" }), rules(), now).level, "F");
  assert.equal(decideLevel("I", facts({ failedLevel: "D" }), rules(), now).level, "D");
  assert.equal(decideLevel("D", facts({ failedLevel: "D" }), rules(), now).upgradedFrom, null);
});

test("a Full that is asked for is a Full, whatever the catalog says", () => {
  assert.deepEqual(decideLevel("F", facts(), rules(), now), {
    level: "F",
    sinceMs: null,
    upgradedFrom: null,
    priorJob: "",
    messages: [],
  });
});
