import assert from "node:assert/strict";
import { test } from "node:test";
import { rerunWait } from "./rerun-wait.ts";

/** Gaps between the runs of a job that always fails at once, in minutes. */
function gaps(directives: Parameters<typeof rerunWait>[0], most = 100): number[] {
  const all: number[] = [];
  let passedMs = 0;
  while (all.length < most) {
    const wait = rerunWait(directives, all.length + 1, passedMs);
    if (wait === null) break;
    all.push(wait / 60);
    passedMs += wait * 1000;
  }
  return all;
}

test("without directives a job runs again with growing gaps, until at least 24 hours have passed", () => {
  const all = gaps({});
  assert.deepEqual(all, [5, 10, 20, 40, 80, 160, 240, 240, 240, 240, 240]);
  assert.ok(all.reduce((sum, each) => sum + each) >= 24 * 60);
});

test("five times ten minutes are just that, and Bacula's defaults apply where one of the two is set", () => {
  assert.deepEqual(gaps({ rescheduleInterval: 600, rescheduleTimes: 5 }), [10, 10, 10, 10, 10]);
  assert.deepEqual(gaps({ rescheduleTimes: 2 }), [30, 30]);
  assert.equal(gaps({ rescheduleInterval: 3600 }).length, 24);
  assert.equal(gaps({ rescheduleInterval: 60, rescheduleTimes: 0 }, 5000).length, 5000, "0 is no limit");
});

test("runs that are not counted have a minute between them", () => {
  assert.deepEqual(gaps({ rescheduleInterval: 0, rescheduleTimes: 0 }, 2), [1, 1]);
  assert.equal(gaps({ rescheduleInterval: 1 }, 5000).length, 24 * 60);
  assert.deepEqual(gaps({ rescheduleInterval: 0, rescheduleTimes: 2 }), [0, 0]);
});
