import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "./deadlines.ts";

const none = {
  maxStartDelay: 0,
  maxRunSchedTime: 0,
  maxRunTime: 0,
  maxWaitTime: 0,
  fullMaxRunTime: 0,
  incrementalMaxRunTime: 0,
  differentialMaxRunTime: 0,
};

test("a job without limits has no deadline", () => {
  assert.equal(nextDeadline(none, "F", { scheduledMs: 0, startedMs: 0, waitingMs: 0 }), null);
});

test("the limit that comes first counts", () => {
  const limits = { ...none, maxRunTime: 100, fullMaxRunTime: 50, maxRunSchedTime: 200 };
  assert.deepEqual(nextDeadline(limits, "F", { scheduledMs: 0, startedMs: 10_000, waitingMs: null }), {
    atMs: 60_000,
    text: "Max run time exceeded. Job canceled.",
  });
  assert.equal(nextDeadline(limits, "I", { scheduledMs: 0, startedMs: 10_000, waitingMs: null })!.atMs, 110_000);
});

test("the start delay counts only until the start, the wait time only while the job waits", () => {
  const limits = { ...none, maxStartDelay: 5, maxWaitTime: 7 };
  assert.equal(nextDeadline(limits, "F", { scheduledMs: 1000, startedMs: null, waitingMs: null })!.atMs, 6000);
  assert.equal(nextDeadline(limits, "F", { scheduledMs: 1000, startedMs: 2000, waitingMs: null }), null);
  assert.equal(nextDeadline(limits, "F", { scheduledMs: 1000, startedMs: 2000, waitingMs: 3000 })!.atMs, 10_000);
});
