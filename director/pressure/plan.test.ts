import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chainNeeds, placeOf } from "../retention/chains.ts";
import type { RetentionJob } from "../retention/judge.ts";
import { nextVictim, without, type NextVictim, type PressureFacts, type PressureVolume } from "./plan.ts";

const nobody = { running: new Set<number>(), read: new Map<number, number>() };

function job(jobId: number, day: number, wish: Partial<RetentionJob> = {}): RetentionJob {
  const start = new Date(2027, 0, day, 21).toLocaleString("sv-SE");
  return {
    jobId,
    name: "Save",
    type: "B",
    level: "F",
    status: "T",
    clientId: 1,
    fileSetId: 1,
    fileSet: "Tree",
    start,
    files: 10,
    priorJobId: 0,
    isMade: false,
    bases: [],
    tdate: 0,
    bytes: 100,
    poolId: 1,
    hasFileRows: true,
    ...wish,
  };
}

function volume(mediaId: number, wish: Partial<PressureVolume> = {}): PressureVolume {
  return { mediaId, name: `Vol-${mediaId}`, isStore: false, isPurged: false, untouchable: undefined, bytes: 100, ...wish };
}

/** All jobs in one store unless `places` says otherwise. */
function facts(jobs: readonly RetentionJob[], wish: Partial<PressureFacts> = {}): PressureFacts {
  return {
    jobs,
    volumes: [volume(1, { isStore: true })],
    places: jobs.map(({ jobId }) => ({ jobId, mediaId: 1 })),
    untouchable: new Map(),
    expired: new Set(),
    busy: nobody,
    ...wish,
  };
}

/** JobIds in the order in which they go, and why no more do. */
function order(from: PressureFacts): { readonly gone: number[]; readonly why: string } {
  const gone: number[] = [];
  let now = from;
  for (;;) {
    const next: NextVictim = nextVictim(now);
    if (next.kind === "none") return { gone, why: next.why };
    gone.push(...next.jobs.map(({ jobId }) => jobId));
    now = without(now, next);
  }
}

test("of daily Fulls the oldest goes first, and the newest stays", () => {
  const { gone, why } = order(facts([1, 2, 3, 4, 5, 6].map((day) => job(day, day))));
  assert.deepEqual(gone, [1, 2, 3, 4, 5]);
  assert.match(why, /Full JobId 6 .*newest good Full/);
});

test("history thins out with age before its oldest goes: one a day after two days, one a week after a month, one a month after half a year", () => {
  const daily = Array.from({ length: 300 }, (_, at) => job(at + 1, at + 1));
  const before = order(facts(daily)).gone.findIndex((jobId, at, all) => at > 0 && jobId < all[at - 1]!);
  const kept = new Set(order(facts(daily)).gone.slice(before));
  const within = (from: number, to: number) => [...kept].filter((jobId) => 300 - jobId >= from && 300 - jobId < to).length;
  assert.equal(within(0, 30), 29, "every day of the last month");
  assert.ok(within(30, 180) >= 21 && within(30, 180) <= 23, `one a week: ${within(30, 180)}`);
  assert.ok(within(180, 300) >= 4 && within(180, 300) <= 5, `one a month: ${within(180, 300)}`);
  const hourly = [1, 2, 3, 4].map((id) => job(id, 1, { start: `2027-01-01 0${id}:00:00` }));
  assert.deepEqual(order(facts([...hourly, job(5, 5)])).gone, [1, 2, 3, 4]);
});

test("what a chain needs goes after what needs it, and the newest chain never", () => {
  const chain = (first: number) => [
    job(first, first),
    job(first + 1, first + 1, { level: "I" }),
    job(first + 2, first + 2, { level: "I" }),
  ];
  const { gone } = order(facts([...chain(1), ...chain(8)]));
  assert.deepEqual(gone, [3, 2, 1]);
});

test("what has expired goes first, however well it stands", () => {
  const jobs = [1, 2, 3, 4].map((day) => job(day, day));
  assert.equal(order(facts(jobs, { expired: new Set([3]) })).gone[0], 3);
});

test("the last good Full of each client stays, and the history of all clients reaches back equally far", () => {
  const often = [1, 2, 3, 4, 5].map((id) => job(id, id + 5, { clientId: 2 }));
  const seldom = [6, 7, 8].map((id, at) => job(id, 1 + at * 4));
  const { gone } = order(facts([...often, ...seldom]));
  assert.deepEqual(gone, [6, 7, 1, 2, 3, 4]);
});

test("a job on a precious Volume, a running one and one that is read stay with all that they need", () => {
  const jobs = [job(1, 1), job(2, 2, { level: "I" }), job(3, 3), job(4, 4), job(5, 5), job(6, 6)];
  const { gone, why } = order(
    facts(jobs, {
      untouchable: new Map([[2, 'on the precious Volume "P"']]),
      busy: { running: new Set([3]), read: new Map([[4, 99]]) },
    }),
  );
  assert.deepEqual(gone, [5]);
  assert.match(why, /precious/);
});

test("a plain Volume goes as a whole, with what needs its jobs; a purged one is emptied before anything is deleted", () => {
  const jobs = [job(1, 1), job(2, 2, { level: "I" }), job(3, 3), job(4, 4)];
  const volumes = [1, 2, 3, 4].map((id) => volume(id));
  const places = [1, 2, 3, 4].map((id) => ({ jobId: id, mediaId: id }));
  const first = nextVictim(facts(jobs, { volumes, places }));
  assert.ok(first.kind === "volume");
  assert.deepEqual(
    first.jobs.map(({ jobId }) => jobId),
    [2],
  );
  const purged = nextVictim(facts(jobs, { volumes: [...volumes, volume(5, { isPurged: true })], places }));
  assert.ok(purged.kind === "empty");
  assert.equal(purged.volume.mediaId, 5);
});

test("a precious Volume and one that holds what nobody knows stay", () => {
  const jobs = [job(1, 1), job(2, 2), job(3, 3)];
  const volumes = [volume(1, { untouchable: "is precious" }), volume(2), volume(3)];
  const places = [...[1, 2, 3].map((id) => ({ jobId: id, mediaId: id })), { jobId: 77, mediaId: 2 }];
  assert.equal(nextVictim(facts(jobs, { volumes, places })).kind, "none");
});

test("whatever goes, no job that stays lacks one that it needs", () => {
  const someJobs = fc.array(
    fc.record({
      level: fc.constantFrom("F", "I", "D"),
      clientId: fc.constantFrom(1, 2),
      isGood: fc.boolean(),
      media: fc.integer({ min: 1, max: 4 }),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(someJobs, fc.boolean(), (wishes, isStore) => {
      const jobs = wishes.map(({ level, clientId, isGood }, at) =>
        job(at + 1, at + 1, { level, clientId, status: isGood ? "T" : "E" }),
      );
      const places = wishes.map(({ media }, at) => ({ jobId: at + 1, mediaId: media }));
      let now = facts(jobs, { places, volumes: [1, 2, 3, 4].map((id) => volume(id, { isStore })) });
      const needs = chainNeeds(jobs);
      for (let next = nextVictim(now); next.kind !== "none"; next = nextVictim(now)) {
        now = without(now, next);
        const there = new Set(now.jobs.map(placeOf));
        for (const kept of now.jobs)
          if (kept.status === "T")
            for (const place of needs(kept)) assert.ok(there.has(place), `JobId ${kept.jobId} lacks ${place}`);
      }
      const fulls = (list: readonly RetentionJob[]) =>
        new Set(list.filter(({ level, status }) => level === "F" && status === "T").map(({ clientId }) => clientId));
      assert.deepEqual(fulls(now.jobs), fulls(jobs), "each client that had a good Full has one");
    }),
    { numRuns: 300 },
  );
});
