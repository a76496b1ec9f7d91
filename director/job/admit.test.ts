import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { admit, type AdmissionFacts } from "./admit.ts";

let lastId = 0;
function job(given: Partial<AdmissionFacts> = {}): AdmissionFacts {
  return {
    jobId: ++lastId,
    priority: 10,
    allowMixedPriority: false,
    notBeforeMs: 0,
    job: { name: `job-${lastId}`, limit: 1 },
    client: { name: `client-${lastId}`, limit: 1 },
    storages: [{ name: "File", limit: 10, readLimit: 0, use: "write" }],
    ...given,
  };
}

function words(queued: readonly AdmissionFacts[], running: readonly AdmissionFacts[] = [], limit = 20, nowMs = 1000): string[] {
  return admit(queued, running, limit, nowMs).verdicts.map((verdict) => (verdict.kind === "admit" ? "admit" : verdict.reason));
}

test("jobs start in order until the Director's limit is reached", () => {
  assert.deepEqual(words([job(), job(), job()], [], 2), ["admit", "admit", "maxJobs"]);
});

test("the smallest limit of Job, Client and Storage holds a job back", () => {
  const busy = job({
    job: { name: "J", limit: 1 },
    client: { name: "C", limit: 1 },
    storages: [{ name: "S", limit: 1, readLimit: 0, use: "write" }],
  });
  assert.deepEqual(words([job({ job: { name: "J", limit: 1 } })], [busy]), ["jobResource"]);
  assert.deepEqual(words([job({ client: { name: "C", limit: 1 } })], [busy]), ["clientResource"]);
  assert.deepEqual(words([job({ storages: [{ name: "S", limit: 1, readLimit: 0, use: "write" }] })], [busy]), [
    "storageResource",
  ]);
});

test("a job that must wait for its client lets the next one pass", () => {
  const busy = job({ client: { name: "C", limit: 1 } });
  assert.deepEqual(words([job({ client: { name: "C", limit: 1 } }), job()], [busy]), ["clientResource", "admit"]);
});

test("a higher number waits for lower ones that run or are ready", () => {
  assert.deepEqual(words([job({ priority: 11 })], [job({ priority: 10 })]), ["priority"]);
  assert.deepEqual(words([job({ priority: 11 }), job({ priority: 10 })]), ["priority", "admit"]);
});

test("a lower number joins running higher ones only if all allow mixed priorities", () => {
  assert.deepEqual(words([job({ priority: 5 })], [job()]), ["priority"]);
  assert.deepEqual(words([job({ priority: 5, allowMixedPriority: true })], [job()]), ["priority"]);
  assert.deepEqual(words([job({ priority: 5, allowMixedPriority: true })], [job({ allowMixedPriority: true })]), ["admit"]);
});

test("a job whose time has not come waits and does not hold others back", () => {
  const verdict = admit([job({ priority: 1, notBeforeMs: 5000 }), job()], [], 20, 1000);
  assert.deepEqual(
    verdict.verdicts.map((each) => (each.kind === "wait" ? each.reason : each.kind)),
    ["startTime", "admit"],
  );
  assert.equal(verdict.wakeMs, 5000);
});

test("reading jobs have a limit of their own", () => {
  const reading = [{ name: "S", limit: 10, readLimit: 1, use: "read" }] as const;
  assert.deepEqual(
    words([job({ storages: reading }), job({ storages: [{ ...reading[0], use: "write" }] })], [job({ storages: reading })]),
    ["storageResource", "admit"],
  );
});

test("whatever is queued, no limit is ever exceeded and an idle Director starts something", () => {
  const facts = fc.record({
    priority: fc.integer({ min: 1, max: 3 }),
    allowMixedPriority: fc.boolean(),
    job: fc.record({ name: fc.constantFrom("a", "b"), limit: fc.constant(2) }),
    client: fc.option(fc.record({ name: fc.constantFrom("c", "d"), limit: fc.constant(1) })),
  });
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (list, limit) => {
      const queued = list.map((each) => job(each));
      const { verdicts } = admit(queued, [], limit, 1000);
      const admitted = queued.filter((_, at) => verdicts[at]!.kind === "admit");
      assert.ok(admitted.length <= limit);
      if (queued.length > 0) assert.ok(admitted.length > 0);
      for (const name of ["c", "d"]) assert.ok(admitted.filter((each) => each.client?.name === name).length <= 1);
      assert.equal(new Set(admitted.map((each) => each.priority)).size <= 1, true);
    }),
  );
});

test("of several Storages a job gets the first that has room, or the one with the fewest jobs", () => {
  const slot = (name: string) => ({ name, limit: 2, readLimit: 0, use: "write" as const });
  const wish = (more: Partial<AdmissionFacts> = {}) => job({ storages: [], choices: [slot("A"), slot("B")], ...more });
  const storages = (queued: readonly AdmissionFacts[], running: readonly AdmissionFacts[] = []) =>
    admit(queued, running, 20, 1000).verdicts.map((verdict) => (verdict.kind === "admit" ? verdict.storage : verdict.reason));
  assert.deepEqual(storages([wish(), wish(), wish(), wish(), wish()]), ["A", "A", "B", "B", "storageResource"]);
  const fewest = { prefersLeastUsed: true };
  assert.deepEqual(storages([wish(fewest), wish(fewest), wish(fewest)], [job({ storages: [slot("A")] })]), ["B", "A", "B"]);
});
