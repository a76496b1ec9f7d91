import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JobFacts } from "./job-facts.ts";
import { neededJobs, reasonText } from "./needed-jobs.ts";

const base: JobFacts = {
  jobId: 0,
  name: "j",
  type: "B",
  level: "F",
  status: "T",
  clientId: 1,
  fileSetId: 1,
  fileSet: "fs",
  start: null,
  files: 10,
  priorJobId: 0,
  isMade: false,
  bases: [],
};

/** Jobs from words such as `F1 I2 D5`: level and day; the JobId is the place in the list. */
function jobsOf(words: string, more: Partial<JobFacts> = {}): JobFacts[] {
  return words.split(" ").map((word, at) => ({
    ...base,
    jobId: at + 1,
    level: word[0]!,
    start: `2027-01-${word.slice(1).padStart(2, "0")} 10:00:00`,
    ...more,
  }));
}

const keptOf = (jobs: readonly JobFacts[], own: readonly number[]) =>
  [...neededJobs(jobs, { isKept: (job) => own.includes(job.jobId) }).keys()].sort((a, b) => a - b);

test("with nothing kept, the newest good Full stays and the chain after it", () => {
  assert.deepEqual(keptOf(jobsOf("F1 I2 F8 I9 I10"), []), [3, 4, 5]);
  assert.deepEqual(keptOf(jobsOf("F1 I2 D3 I4"), []), [1, 3, 4], "what a Differential replaces may go");
});

test("an Incremental that stays keeps what it was saved upon, step by step", () => {
  assert.deepEqual(keptOf(jobsOf("F1 I2 I3 I4 F8"), [3]), [1, 2, 5]);
  assert.deepEqual(keptOf(jobsOf("F1 I2 D3 I4 F8"), [4]), [1, 3, 5], "from a Differential to its Full");
});

test("jobs that failed are no chain and keep nothing back", () => {
  const jobs = jobsOf("F1 F2 I3").map((job) => (job.jobId === 2 ? { ...job, status: "f" } : job));
  assert.deepEqual(keptOf(jobs, []), [1, 3]);
});

test("a Full that saved nothing does not take the place of the last good one", () => {
  const jobs = jobsOf("F1 F2").map((job) => (job.jobId === 2 ? { ...job, files: 0 } : job));
  assert.deepEqual(keptOf(jobs, []), [1]);
});

test("the Base of a Full that stays, stays", () => {
  const jobs = jobsOf("B1 F2 F3").map((job) => (job.jobId === 2 ? { ...job, bases: [1] } : job));
  assert.deepEqual(keptOf(jobs, [2]), [1, 3]);
  assert.deepEqual(keptOf(jobs, []), [3]);
});

test("a copy that stays lets its original go; without one the original stays", () => {
  const jobs = [
    ...jobsOf("F1 I2"),
    { ...base, jobId: 3, type: "C", start: "2027-01-01 10:00:00", priorJobId: 1, isMade: true },
  ];
  assert.deepEqual(keptOf(jobs, [2, 3]), []);
  assert.deepEqual(keptOf(jobs, [2]), [1]);
});

test("a copy that took the place of its original carries the chain", () => {
  const jobs = jobsOf("F1 I2").map((job) => (job.jobId === 1 ? { ...job, priorJobId: 77, isMade: true } : job));
  assert.deepEqual(keptOf(jobs, [2]), [1]);
});

test("a virtual Full stands for the jobs that it was made of", () => {
  const virtual = { ...base, jobId: 3, start: "2027-01-02 10:00:00", isMade: true };
  const jobs = [...jobsOf("F1 I2"), virtual, { ...base, jobId: 4, level: "I", start: "2027-01-03 10:00:00" }];
  assert.deepEqual(keptOf(jobs, [4]), [3]);
});

test("running jobs stay with what they build upon, and so does what is being read", () => {
  const jobs = jobsOf("F1 I2 F8 F9").map((job) => (job.jobId === 2 ? { ...job, status: "R" } : job));
  const needed = neededJobs(jobs, { isKept: () => false, running: new Set([2]), read: new Map([[3, 99]]) });
  assert.deepEqual(
    [...needed.keys()].sort((a, b) => a - b),
    [1, 2, 3, 4],
  );
  assert.equal(reasonText(needed.get(3)!), "JobId 99 is reading it");
  assert.equal(reasonText(needed.get(1)!), "needed by Incremental JobId 2 of 2027-01-02 10:00:00, which is kept");
  assert.equal(reasonText(needed.get(4)!), 'the newest good Full of its client and FileSet "fs"');
});

test("versions of a FileSet that alternate each keep their Full", () => {
  const jobs = jobsOf("F1 F2 I3").map((job) => (job.jobId === 2 ? { ...job, fileSetId: 2 } : job));
  assert.deepEqual(keptOf(jobs, [3]), [1, 2]);
});

const anyJob = fc.record({
  level: fc.constantFrom("F", "D", "I", "I", "I"),
  status: fc.constantFrom("T", "T", "T", "W", "f", "A"),
  clientId: fc.constantFrom(1, 2),
  fileSet: fc.constantFrom("fs", "other"),
  name: fc.constantFrom("j", "k"),
  day: fc.integer({ min: 1, max: 12 }),
  isOwn: fc.boolean(),
});
const anyJobs = fc.array(anyJob, { maxLength: 25 }).map((list) => ({
  jobs: list.map(({ day, isOwn: _, ...job }, at) => ({
    ...base,
    ...job,
    jobId: at + 1,
    start: `2027-01-${String(day).padStart(2, "0")} 10:00:0${at % 2}`,
  })),
  own: new Set(list.flatMap((job, at) => (job.isOwn ? [at + 1] : []))),
}));

/** What a restore to the end of this job reads, found the slow way. */
function chainTo(jobs: readonly JobFacts[], job: JobFacts, sameName: boolean): readonly JobFacts[] {
  const at = (one: JobFacts) => `${one.start} ${String(one.jobId).padStart(6, "0")}`;
  const before = jobs
    .filter((one) => (one.status === "T" || one.status === "W") && at(one) <= at(job))
    .filter((one) => one.clientId === job.clientId && one.fileSet === job.fileSet && (!sameName || one.name === job.name))
    .sort((one, two) => (at(one) < at(two) ? -1 : 1));
  const full = before.findLastIndex((one) => one.level === "F");
  if (full < 0) return [];
  if (job.level === "F") return [job];
  const differential = before.findLastIndex((one, index) => one.level === "D" && index > full);
  if (job.level === "D") return [before[full]!, job];
  const from = Math.max(full, differential);
  const first = differential > full ? [before[full]!, before[differential]!] : [before[full]!];
  return [...first, ...before.slice(from + 1).filter((one) => one.level === "I")];
}

test("every job that stays can be restored, whatever stays on its own account", () => {
  fc.assert(
    fc.property(anyJobs, ({ jobs, own }) => {
      const needed = neededJobs(jobs, { isKept: (job) => own.has(job.jobId) });
      for (const job of jobs) {
        if (!own.has(job.jobId) && !needed.has(job.jobId)) continue;
        if (job.status !== "T" && job.status !== "W") continue;
        for (const link of chainTo(jobs, job, true))
          assert.ok(own.has(link.jobId) || needed.has(link.jobId), `JobId ${link.jobId} of the chain to ${job.jobId}`);
      }
    }),
  );
});

test("the newest good Full of each client and FileSet stays, with all that is restored upon it", () => {
  fc.assert(
    fc.property(anyJobs, ({ jobs, own }) => {
      const needed = neededJobs(jobs, { isKept: (job) => own.has(job.jobId) });
      const newest = new Map<string, JobFacts>();
      const good = jobs.filter((job) => job.status === "T" || job.status === "W");
      for (const job of [...good].sort((one, two) =>
        one.start < two.start ? -1 : one.start > two.start ? 1 : one.jobId - two.jobId,
      ))
        newest.set(`${job.clientId} ${job.fileSet}`, { ...job, level: "I" });
      for (const last of newest.values())
        for (const link of chainTo(jobs, last, false))
          assert.ok(own.has(link.jobId) || needed.has(link.jobId), `JobId ${link.jobId}`);
    }),
  );
});

test("it is settled in one pass, and more that stays never lets anything go", () => {
  fc.assert(
    fc.property(anyJobs, fc.integer({ min: 1, max: 25 }), ({ jobs, own }, more) => {
      const needed = neededJobs(jobs, { isKept: (job) => own.has(job.jobId) });
      const all = new Set([...own, ...needed.keys()]);
      assert.equal(neededJobs(jobs, { isKept: (job) => all.has(job.jobId) }).size, 0);
      const wider = neededJobs(jobs, { isKept: (job) => own.has(job.jobId) || job.jobId === more });
      for (const jobId of needed.keys()) assert.ok(jobId === more || wider.has(jobId), `JobId ${jobId}`);
    }),
  );
});
