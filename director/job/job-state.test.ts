import assert from "node:assert/strict";
import { test } from "node:test";
import { nextState, type JobState, type JobTransition } from "./job-state.ts";
import { outcomeOfLetter, phaseOfLetter, statusWords, terminationWords } from "./status-letter.ts";

function play(...events: readonly JobTransition[]): JobState {
  return events.reduce<JobState>(nextState, { kind: "created" });
}

test("a job goes from created over queued and running to ended", () => {
  const state = play(
    { kind: "queue" },
    { kind: "holdBack", reason: "clientResource" },
    { kind: "admit" },
    { kind: "phase", phase: "needsMount" },
  );
  assert.deepEqual(state, { kind: "running", phase: "needsMount" });
  assert.equal(statusWords(state).letter, "M");
  assert.deepEqual(nextState(state, { kind: "end", outcome: "ok" }), { kind: "ended", outcome: "ok" });
});

test("a phase that arrives after the cancel does not bring the job back", () => {
  const canceled = play({ kind: "queue" }, { kind: "admit" }, { kind: "cancel", by: "root" });
  assert.equal(nextState(canceled, { kind: "phase", phase: "transferring" }), canceled);
  assert.equal(statusWords(canceled).letter, "A");
});

test("a job ends once", () => {
  const ended = play({ kind: "queue" }, { kind: "end", outcome: "canceled" });
  assert.throws(() => nextState(ended, { kind: "end", outcome: "ok" }), /ends once/);
  assert.equal(nextState(ended, { kind: "cancel", by: "root" }), ended);
});

test("a job that was not queued cannot be admitted", () => {
  assert.throws(() => play({ kind: "admit" }), /admit while created/);
});

test("letters of daemons map to phases and outcomes, others to null", () => {
  assert.equal(phaseOfLetter("m"), "needsMedia");
  assert.equal(phaseOfLetter("R"), "transferring");
  assert.equal(phaseOfLetter("T"), null);
  assert.equal(outcomeOfLetter("W"), "warnings");
  assert.equal(outcomeOfLetter("R"), null);
  assert.equal(terminationWords("f"), "Error");
  assert.equal(terminationWords("?"), "Unknown Job termination status=?");
});
