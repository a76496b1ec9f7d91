import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideOutcome, terminationLine, warningsFault, type HalfResult, type OutcomeFacts } from "./outcome.ts";

const good: HalfResult = { status: "T", errors: 0, missingFiles: 0 };
function facts(given: Partial<OutcomeFacts> = {}): OutcomeFacts {
  return { type: "B", fd: good, sd: good, isCanceled: false, hasDirectorFailed: false, directorWarnings: 0, ...given };
}

test("a job is OK only when both halves are", () => {
  assert.equal(decideOutcome(facts()), "ok");
  assert.equal(decideOutcome(facts({ sd: { ...good, status: "f" } })), "fatal");
  assert.equal(decideOutcome(facts({ fd: { ...good, status: "E" } })), "error");
  assert.equal(decideOutcome(facts({ fd: null })), "fatal");
  assert.equal(decideOutcome(facts({ hasDirectorFailed: true })), "fatal");
});

test("errors of single files make a backup OK with warnings", () => {
  assert.equal(decideOutcome(facts({ fd: { ...good, errors: 2 } })), "warnings");
  assert.equal(decideOutcome(facts({ directorWarnings: 1 })), "warnings");
});

test("a restore that left a file out is an error though both halves say T", () => {
  assert.equal(decideOutcome(facts({ type: "R", fd: { ...good, missingFiles: 1 } })), "error");
  assert.equal(decideOutcome(facts({ type: "R", sd: { ...good, errors: 1 } })), "error");
});

test("a cancel wins over what the halves say", () => {
  assert.equal(decideOutcome(facts({ isCanceled: true, fd: null, sd: { ...good, status: "f" } })), "canceled");
});

test("a half that was stopped because the other one failed does not make the job canceled", () => {
  assert.equal(decideOutcome(facts({ fd: { ...good, status: "f" }, sd: { ...good, status: "A" } })), "fatal");
  assert.equal(decideOutcome(facts({ sd: { ...good, status: "A" } })), "error");
  assert.equal(decideOutcome(facts({ fd: { ...good, status: "A" }, sd: { ...good, status: "A" } })), "canceled");
});

test("no letter but T and W of both halves ever gives a good end", () => {
  const half = fc.record({
    status: fc.constantFrom("T", "W", "E", "f", "A", "I", "?", ""),
    errors: fc.nat(2),
    missingFiles: fc.nat(2),
  });
  fc.assert(
    fc.property(half, half, fc.constantFrom("B", "R"), (fd, sd, type) => {
      const outcome = decideOutcome(facts({ type, fd, sd }));
      if (!["T", "W"].includes(fd.status) || !["T", "W"].includes(sd.status))
        assert.ok(outcome !== "ok" && outcome !== "warnings");
      if (outcome === "ok") assert.deepEqual([fd.status, sd.status, fd.errors, sd.errors], ["T", "T", 0, 0]);
    }),
  );
});

test("termination lines are those that scripts look for", () => {
  assert.equal(terminationLine("B", "ok"), "Backup OK");
  assert.equal(terminationLine("B", "fatal"), "*** Backup Error ***");
  assert.equal(terminationLine("B", "incomplete"), "Backup failed -- Incomplete");
  assert.equal(terminationLine("R", "error"), "*** Restore Error ***");
  assert.equal(terminationLine("D", "ok"), "Admin OK");
});

test("more warnings than Maximum Warnings are a fault, those of both daemons together; 0 allows any number", () => {
  assert.equal(warningsFault(0, [{ warnings: 1000 }]), undefined);
  assert.equal(warningsFault(3, [{ warnings: 2 }, { warnings: 1 }]), undefined);
  assert.equal(warningsFault(3, [{ warnings: 2 }, { warnings: 2 }]), "The job has 4 warnings, more than Maximum Warnings = 3.");
});
