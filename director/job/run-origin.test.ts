import assert from "node:assert/strict";
import { test } from "node:test";
import { originLine } from "./run-origin.ts";

test("a job's log says who wanted it, and that it is run again", () => {
  assert.equal(originLine({ origin: { kind: "console", user: "ops" } }), 'Origin: Manual, console "ops"');
  assert.equal(
    originLine({ origin: { kind: "schedule", schedule: "Nightly" }, reruns: 2 }),
    'Origin: Automatic, Schedule "Nightly", run again for the 2. time after it failed',
  );
  assert.equal(originLine({ origin: { kind: "job", jobId: 7 } }), "Origin: Automatic, JobId 7");
});
