import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { EMPTY_KEEP, keptByRule, periodOf, type KeepBackup, type KeepRule } from "./keep-rules.ts";

const NOW_MS = Date.UTC(2027, 5, 1);
const at = (start: string, jobId: number): KeepBackup => ({
  jobId,
  start,
  tdate: Date.parse(`${start.replace(" ", "T")}Z`) / 1000,
});
const daily = (from: string, days: number): KeepBackup[] =>
  Array.from({ length: days }, (_, day) =>
    at(`${Temporal.PlainDate.from(from).add({ days: day }).toString()} 23:05:00`, day + 1),
  );
const kept = (backups: readonly KeepBackup[], rule: Partial<KeepRule>) =>
  [...keptByRule(backups, { ...EMPTY_KEEP, ...rule }, NOW_MS).keys()].sort((a, b) => a - b);

test("7 daily, 4 weekly, 12 monthly, 3 yearly of three years of daily backups", () => {
  const backups = daily("2024-06-01", 1095); // to 2027-05-31
  const rule = { daily: 7, weekly: 4, monthly: 12, yearly: 3 };
  const days = kept(backups, rule).map((jobId) => backups[jobId - 1]!.start.slice(0, 10));
  assert.deepEqual(days, [
    "2025-12-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31",
    "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30",
    "2027-05-16", "2027-05-23", "2027-05-25", "2027-05-26", "2027-05-27", "2027-05-28", "2027-05-29", "2027-05-30", "2027-05-31",
  ].toSorted()); // prettier-ignore
});

test("days without a backup do not count: after months away nothing is lost", () => {
  const backups = [at("2026-01-01 10:00:00", 1), at("2026-01-05 10:00:00", 2), at("2027-05-31 10:00:00", 3)];
  assert.deepEqual(kept(backups, { daily: 3 }), [1, 2, 3]);
  assert.deepEqual(kept(backups, { daily: 2 }), [2, 3]);
});

test("of one day the newest backup stays, last N and the minimum age keep beside it", () => {
  const backups = [1, 2, 3].map((hour) => at(`2027-05-31 0${hour}:00:00`, hour));
  assert.deepEqual(kept(backups, { daily: 1 }), [3]);
  assert.deepEqual(kept(backups, { hourly: 2 }), [2, 3]);
  assert.deepEqual(kept(backups, { last: 2 }), [2, 3]);
  assert.deepEqual(kept(backups, { daily: 1, minimumAge: 86_400 }), [1, 2, 3]);
});

test("weeks are ISO weeks, also over the turn of the year", () => {
  assert.equal(periodOf("2027-01-03 10:00:00", "weekly"), "2026-W53");
  assert.equal(periodOf("2027-01-04 10:00:00", "weekly"), "2027-W01");
  assert.equal(periodOf("2024-12-30 10:00:00", "weekly"), "2025-W01");
});

const anyTime = fc
  .date({ min: new Date("2023-12-20T00:00:00Z"), max: new Date("2027-05-31T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19).replace("T", " "));
const anyBackups = fc.array(anyTime, { maxLength: 60 }).map((times) => times.map((start, index) => at(start, index + 1)));
const anyRule = fc.record({
  last: fc.integer({ min: 0, max: 5 }),
  hourly: fc.integer({ min: 0, max: 5 }),
  daily: fc.integer({ min: 0, max: 10 }),
  weekly: fc.integer({ min: 0, max: 6 }),
  monthly: fc.integer({ min: 0, max: 14 }),
  yearly: fc.integer({ min: 0, max: 4 }),
  minimumAge: fc.constantFrom(0, 86_400 * 40, 86_400 * 400),
});

test("the newest backup always stays, and a larger rule never lets go what a smaller one keeps", () => {
  const parts = ["last", "hourly", "daily", "weekly", "monthly", "yearly", "minimumAge"] as const;
  fc.assert(
    fc.property(anyBackups, anyRule, fc.constantFrom(...parts), (backups, rule, part) => {
      const now = keptByRule(backups, rule, NOW_MS);
      const newest = backups
        .toSorted((one, two) => (one.start === two.start ? one.jobId - two.jobId : one.start < two.start ? -1 : 1))
        .at(-1);
      if (newest !== undefined) assert.ok(now.has(newest.jobId));
      const more = keptByRule(backups, { ...rule, [part]: rule[part] + 1 }, NOW_MS);
      for (const jobId of now.keys()) assert.ok(more.has(jobId), `JobId ${jobId} after one more ${part}`);
    }),
  );
});

test("what a rule lets go never comes to matter again: pruning twice is pruning once", () => {
  fc.assert(
    fc.property(anyBackups, anyRule, (backups, rule) => {
      const once = keptByRule(backups, rule, NOW_MS);
      const left = backups.filter((backup) => once.has(backup.jobId));
      const numbers = (map: ReadonlyMap<number, string>) => [...map.keys()].sort((a, b) => a - b);
      assert.deepEqual(numbers(keptByRule(left, rule, NOW_MS)), numbers(once));
    }),
  );
});

/** Written without a look at ours: calendar from Python's datetime, one pass for each period. */
const ORACLE = `
import sys, json
from datetime import datetime
def key(t, p):
    if p == "hourly": return (t.date(), t.hour)
    if p == "daily": return t.date()
    if p == "weekly": return t.isocalendar()[:2]
    if p == "monthly": return (t.year, t.month)
    return t.year
for line in sys.stdin:
    case = json.loads(line); rule = case["rule"]
    jobs = sorted(((datetime.fromisoformat(b["start"]), b["jobId"], b["tdate"]) for b in case["backups"]), key=lambda j: (j[0], j[1]))
    keep = set(j[1] for j in jobs[-1:])
    if rule["last"]: keep |= set(j[1] for j in jobs[-rule["last"]:])
    keep |= set(j[1] for j in jobs if case["now"] - j[2] < rule["minimumAge"])
    for p in ("hourly", "daily", "weekly", "monthly", "yearly"):
        newest = {}
        for t, i, _ in jobs: newest[key(t, p)] = i
        periods = sorted(newest)
        if rule[p]: keep |= set(newest[k] for k in periods[-rule[p]:])
    print(json.dumps(sorted(keep)))
`;

test(
  "an independent evaluation keeps the same backups",
  { skip: existsSync("/usr/bin/python3") ? false : "needs python3" },
  () => {
    const cases = fc.sample(fc.record({ backups: anyBackups, rule: anyRule }), { numRuns: 300, seed: 18 });
    const input = cases.map((one) => JSON.stringify({ ...one, now: NOW_MS / 1000 })).join("\n");
    const oracle = spawnSync("/usr/bin/python3", ["-c", ORACLE], { input, encoding: "utf8" });
    assert.equal(oracle.status, 0, oracle.stderr);
    const answers = oracle.stdout.trim().split("\n");
    for (const [index, one] of cases.entries())
      assert.deepEqual(JSON.stringify(kept(one.backups, one.rule)), answers[index]!.replaceAll(" ", ""), JSON.stringify(one));
  },
);
