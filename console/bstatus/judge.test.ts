import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStatusFlags } from "./flags.ts";
import { judge, ofClients } from "./judge.ts";
import type { JobFacts, Overview, StorageFacts } from "./overview.ts";
import type { Report } from "./report.ts";
import { showJson } from "./show-json.ts";
import { showNagios } from "./show-nagios.ts";
import { showText } from "./show-text.ts";

const NOW = 1_800_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;

function job(facts: Partial<JobFacts> & { readonly ageS?: number } = {}): JobFacts {
  const { ageS = HOUR, ...more } = facts;
  const good = { jobId: 7, level: "I", started: NOW - ageS - 60, ended: NOW - ageS, files: 5, bytes: 5000 };
  return {
    job: "Save", type: "B", client: "web", schedule: "Nightly", isEnabled: true, good, fullEnded: NOW - 9 * DAY, last: { jobId: 7, status: "T", ended: NOW - ageS }, failures: 0,
    missed: 0, missedSince: null, nextRun: NOW + HOUR, running: null, ...more,
  }; // prettier-ignore
}

function storage(facts: Partial<StorageFacts> = {}): StorageFacts {
  return {
    storage: "Disks", device: "Disk", isEnabled: true, day: Math.floor(NOW / DAY), totalBytes: 1e12, freeBytes: 5e11, bytesPerDay: 1e9, fullInDays: 500, historyDays: 40, ...facts,
  }; // prettier-ignore
}

function site(jobs: readonly JobFacts[], more: Partial<Overview> = {}): Overview {
  const clients = [...new Set(jobs.map(({ client }) => client))].map((client) => ({
    client,
    isEnabled: true,
    goodJobs: 3,
    goodBytes: 9000,
  }));
  return { site: { director: "dir", version: "1", now: NOW }, clients, jobs, storages: [], pools: [], volumes: [], waiting: [], ...more }; // prettier-ignore
}

function judged(overview: Overview, ...options: readonly string[]): Report {
  return judge(overview, parseStatusFlags(options).limits);
}

/** State and kind of the only job. */
function verdict(facts: Parameters<typeof job>[0], ...options: readonly string[]): string {
  const one = judged(site([job(facts)]), ...options).clients[0]!.jobs[0]!;
  return `${one.state} ${one.condition}`;
}

test("a job with a good backup and nothing overdue is good, however old without a limit", () => {
  assert.equal(verdict({ ageS: 300 * DAY }), "OK good");
});

test("age limits: past the limit, of backups only, the last that fits the name counts", () => {
  assert.equal(verdict({ ageS: 26 * HOUR }, "--warn-age=26h"), "OK good");
  assert.equal(verdict({ ageS: 26 * HOUR + 1 }, "--warn-age=26h"), "WARNING old");
  assert.equal(verdict({ ageS: 51 * HOUR }, "--warn-age=26h", "--crit-age=50h"), "CRITICAL old");
  assert.equal(verdict({ ageS: 51 * HOUR }, "--warn-age=26h", "--warn-age=we*:8 days"), "OK good");
  assert.equal(verdict({ ageS: 51 * HOUR }, "--warn-age=26h", "--warn-age=web:8d", "--warn-age=web/Save:2h"), "WARNING old");
  assert.equal(verdict({ ageS: 51 * HOUR, type: "D" }, "--warn-age=26h"), "OK good");
});

test("overdue runs and failed runs grow from WARNING to CRITICAL", () => {
  assert.equal(verdict({ missed: 1, missedSince: NOW - HOUR }), "WARNING overdue");
  assert.equal(verdict({ missed: 2, missedSince: NOW - DAY }), "CRITICAL overdue");
  const last = { jobId: 9, status: "f", ended: NOW };
  assert.equal(verdict({ failures: 1, last }), "WARNING failing");
  assert.equal(verdict({ failures: 3, last }), "CRITICAL failing");
  assert.equal(verdict({ failures: 3, last }, "--crit-failures=0"), "WARNING failing");
});

test("no good backup: an alarm once a run was due or tried, a warning before", () => {
  assert.equal(verdict({ good: null, last: null }), "WARNING never");
  assert.equal(verdict({ good: null, last: null, missed: 1 }), "CRITICAL never");
  assert.equal(verdict({ good: null, failures: 1 }), "CRITICAL never");
  assert.equal(verdict({ good: null, last: null, type: "D" }), "OK idle");
});

test("while a job runs its date is not judged, unless it hangs", () => {
  const overdue = { missed: 3, missedSince: NOW - 3 * DAY };
  assert.equal(verdict({ ...overdue, running: { jobId: 8, since: NOW - HOUR, text: "is running" } }), "OK running");
  const hanging = { ...overdue, running: { jobId: 8, since: NOW - 2 * DAY, text: "is running" } };
  assert.equal(verdict(hanging), "CRITICAL overdue");
  assert.equal(verdict({ ...hanging, missed: 0 }), "WARNING running");
  assert.equal(verdict(hanging, "--warn-running=3d"), "OK running");
});

test("what is disabled is not judged, and an enabled client without a backup job is", () => {
  assert.equal(verdict({ isEnabled: false, good: null, missed: 9 }), "OK disabled");
  const clients = [{ client: "db", isEnabled: true, goodJobs: 0, goodBytes: 0 }];
  assert.equal(judged(site([], { clients })).problems[0]?.kind, "noJob");
  assert.equal(judged(site([], { clients: [{ ...clients[0]!, isEnabled: false }] })).state, "OK");
});

test("storages: days left, percent free, silence", () => {
  const kinds = (facts: Partial<StorageFacts>, ...options: string[]): string[] =>
    judged(site([job()], { storages: [storage(facts)] }), ...options).problems.map(({ state, kind }) => `${state} ${kind}`);
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ fullInDays: 13 }), ["WARNING storageFills"]);
  assert.deepEqual(kinds({ fullInDays: 2 }), ["CRITICAL storageFills"]);
  assert.deepEqual(kinds({ fullInDays: 2 }, "--warn-days-left=Disks:0", "--crit-days-left=Disks/Disk:0"), []);
  assert.deepEqual(kinds({ freeBytes: 0 }), ["CRITICAL storageFull"]);
  assert.deepEqual(kinds({ freeBytes: 9e10 }, "--warn-free=10%"), ["WARNING storageFull"]);
  assert.deepEqual(kinds({ day: Math.floor(NOW / DAY) - 2 }), ["WARNING storageSilent"]);
  assert.deepEqual(kinds({ day: Math.floor(NOW / DAY) - 2, isEnabled: false, freeBytes: 0 }), []);
  assert.deepEqual(kinds({ day: null, totalBytes: null, freeBytes: null, fullInDays: null }), []);
});

const volumes = [{ volume: "V|1", pool: "Files", storage: "Disks", status: "Error", errors: 1, badBlocks: 2, lastWritten: NOW }]; // prettier-ignore
const waiting = [{ jobId: 9, job: "Save", client: "web", since: NOW - HOUR, request: "\nPlease mount\n more" }];

test("with clients chosen the media of the site are left out", () => {
  const whole = site([job(), job({ client: "db", good: null })], { volumes, waiting, storages: [storage()] });
  assert.equal(judged(whole).state, "CRITICAL");
  const web = judged(ofClients(whole, (client) => client === "web"));
  assert.deepEqual([web.state, web.clients.length, web.storages.length, web.volumes.length], ["WARNING", 1, 0, 0]);
  assert.match(web.problems[0]!.text, /^JobId 9 waits for an operator, 1 h 0 min after its start: Please mount$/);
});

test("the line for Nagios is one line with one bar, its labels quoted", () => {
  const limits = parseStatusFlags([]).limits;
  const hostile = site([job({ client: "o'|=\u001b[31m\nx", failures: 1 })], {
    volumes,
    waiting,
    storages: [storage({ fullInDays: 5 })],
  });
  const line = showNagios(judge(hostile, limits), limits);
  assert.match(line, /^BACKUP WARNING - 0 of 1 client OK; /);
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.equal(line.split("|").length, 2);
  assert.ok(!line.includes("\u001b"));
  assert.match(line, /'age o'' {2}\\x1b\[31m x'=3600s;;;0 /);
  assert.match(line, /'days_left Disks\/Disk'=5;14:;3:;0\n$/);
  assert.match(line, /'bad_volumes'=1;;;0 /);
});

test("a hundred clients with trouble still give a short line, and all of them in JSON and the table", () => {
  const many = site(Array.from({ length: 100 }, (_, at) => job({ client: `c${at}`, missed: 1, missedSince: NOW - DAY })));
  const limits = parseStatusFlags([]).limits;
  const report = judge(many, limits);
  const line = showNagios(report, limits);
  assert.ok(line.length < 1500, line);
  assert.match(line, /and 92 more \|/);
  assert.equal((JSON.parse(showJson(report)) as { clients: unknown[] }).clients.length, 100);
  assert.equal(showText(report).match(/^c\d+ +Save +WARNING +overdue/gm)?.length, 100);
});

test("options that make no sense are refused with their name", () => {
  for (const option of ["--warn-age=soon", "--warn-missed=1.5", "--crit-free=101", "--warn-age=:5h", "--timeout=0", "--what"])
    assert.throws(() => parseStatusFlags([option]), { code: "VALUE_REFUSED" }, option);
  assert.throws(() => parseStatusFlags(["--json", "--nagios"]), /exclude/);
});
