import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDuplicates, crowdFault, type DuplicateRules } from "./duplicates.ts";

function rules(given: Partial<DuplicateRules> = {}): DuplicateRules {
  return {
    allowDuplicateJobs: false,
    cancelLowerLevelDuplicates: false,
    cancelQueuedDuplicates: false,
    cancelRunningDuplicates: false,
    ...given,
  };
}
const running = { jobId: 7, level: "I", isQueued: false };

test("duplicates are allowed unless the Job says no", () => {
  assert.deepEqual(checkDuplicates("F", [running], rules({ allowDuplicateJobs: true })), { kind: "proceed", cancel: [] });
  assert.equal(checkDuplicates("I", [running], rules()).kind, "refuse");
});

test("a Full cancels a running Incremental, never the other way round", () => {
  const lower = rules({ cancelLowerLevelDuplicates: true });
  assert.deepEqual(checkDuplicates("F", [running], lower), { kind: "proceed", cancel: [7] });
  assert.equal(checkDuplicates("I", [{ ...running, level: "F" }], { ...lower, cancelRunningDuplicates: true }).kind, "refuse");
});

test("queued duplicates are canceled by their own directive, running ones are not", () => {
  const queuedOnly = rules({ cancelQueuedDuplicates: true });
  assert.equal(checkDuplicates("I", [{ ...running, isQueued: true }], queuedOnly).kind, "proceed");
  assert.equal(checkDuplicates("I", [running], queuedOnly).kind, "refuse");
});

test("a Schedule lets a hundred runs of a Job wait, an operator as many as he likes", () => {
  const waiting = (count: number) => [
    running,
    ...Array.from({ length: count }, (_, at) => ({ jobId: 8 + at, level: "I", isQueued: true })),
  ];
  const schedule = { kind: "schedule", schedule: "Hourly" } as const;
  assert.equal(crowdFault(schedule, waiting(99)), null);
  assert.match(crowdFault(schedule, waiting(100)) ?? "", /previous instance jobid=7 still running, and 100 runs/);
  assert.equal(crowdFault({ kind: "console", user: "root" }, waiting(500)), null);
  const repetitions = waiting(500).map((other) => ({ ...other, isForLater: true }));
  assert.equal(crowdFault(schedule, repetitions), null, "failed runs that come again later hold up none");
});
