import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { BootstrapEntry } from "#proto/bootstrap.ts";
import { MessageType } from "#proto/common.ts";
import { JobEnd, JobQuestion, VolumeState } from "#proto/job.ts";
import { findJob, listRunningJobs } from "#catalog/queries/jobs.ts";
import { listLog } from "#catalog/queries/log.ts";
import { findMedia, listMedia } from "#catalog/queries/media.ts";
import { RECORD_HEADER_BYTES, writeRecordHeader } from "#lib/wire/record.ts";
import type { JobResource } from "../config/job.ts";
import { EngineWorld } from "../testing/engine-world.ts";
import type { DaemonScripts } from "../testing/scripted-daemons.ts";

const never = new AbortController().signal;
const origin = { kind: "console", user: "test" } as const;
const LSTAT = "P0A CAE IGk B A A A 6 BAA I BpG/9b BpG/9b BpG/9b A A E";

function attributes(fileIndex: number, name: string): Buffer {
  const data = Buffer.from(`${fileIndex} 3 ${name}\0${LSTAT}\0\0\0${"0"}\0`);
  const batch = Buffer.alloc(RECORD_HEADER_BYTES + data.length);
  writeRecordHeader(new DataView(batch.buffer, batch.byteOffset, batch.length), 0, {
    fileIndex,
    stream: 1,
    dataSize: data.length,
  });
  data.copy(batch, RECORD_HEADER_BYTES);
  return batch;
}

/** Both halves of a save of two files, as well-behaved daemons tell it. */
function goodScripts(): DaemonScripts {
  return {
    fd: async (log) => {
      log.append({
        $case: "message",
        value: { type: MessageType.MESSAGE_TYPE_INFO, timeUs: Date.now() * 1000, daemon: "test-fd", text: "saving" },
      });
      await log.end(JobEnd.fromPartial({ status: "T", files: 2, bytes: 1000, readBytes: 2000 }));
    },
    sd: async (log, request, signal) => {
      const answer = await log.ask(
        JobQuestion.fromPartial({ ask: { $case: "findVolume", value: { pool: "Default", mediaType: "File", device: "Dev" } } }),
        signal,
      );
      assert.equal(answer.$case, "use");
      const { volume } = answer.$case === "use" ? answer.value : { volume: "" };
      const now = Math.floor(Date.now() / 1000);
      log.append({
        $case: "volume",
        value: VolumeState.fromPartial({
          volume,
          revision: Date.now() * 1000,
          status: "Append",
          bytes: 5000,
          jobs: 1,
          writes: 3,
          firstWritten: now,
          lastWritten: now,
          labelDate: now,
          volType: 1,
        }),
      });
      log.append({ $case: "attributes", value: attributes(1, "/etc/hosts") });
      log.append({ $case: "attributes", value: attributes(2, "/etc/passwd") });
      log.append({
        $case: "jobMedia",
        value: { volume, firstIndex: 1, lastIndex: 2, startFile: 0, endFile: 0, startBlock: 200, endBlock: 4999 },
      });
      await log.end(
        JobEnd.fromPartial({ status: "T", files: 2, bytes: 1100, volSessionId: 1, volSessionTime: 2, lastVolumeBytes: 5000 }),
      );
    },
  };
}

async function rowsOf(world: EngineWorld, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.raw(table)}`.execute(world.catalog.reader);
  return Number(rows[0]!.n);
}

test("a save of two files ends OK with its rows, its Volume and its report", async () => {
  await using world = await EngineWorld.open(goodScripts());
  const jobId = await world.engine.submit({ job: "Save", origin });
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  const text = world.console.take();
  assert.equal(view?.status, "T", text);
  assert.match(text, /No prior or suitable Full backup found in catalog\. Doing FULL backup\./);
  assert.match(text, /test-fd JobId 1: saving/);
  assert.match(text, /Created new Volume="Vol-0001", Pool="Default", MediaType="File" in catalog\./);
  assert.match(text, /Backup Level: {11}Full \(upgraded from Incremental\)/);
  assert.match(text, /Volume name\(s\): {9}Vol-0001\n/);
  assert.match(text, /Termination: {12}Backup OK\n\n/);
  const row = await findJob(world.catalog, jobId);
  assert.deepEqual([row?.JobStatus, row?.Level, row?.JobFiles, row?.JobBytes, row?.VolSessionId], ["T", "F", 2, 1000, 1]);
  assert.equal(await rowsOf(world, "File"), 2);
  assert.equal(await rowsOf(world, "JobMedia"), 1);
  assert.equal(await rowsOf(world, "NocturneRunningJob"), 0);
  assert.equal((await findMedia(world.catalog, "Vol-0001"))?.VolBytes, 5000);
  assert.ok((await listLog(world.catalog, jobId)).some((line) => line.LogText.includes("saving")));
});

test("a job into a store of chunks reports the counters of both halves, and JobBytes are those of the files", async () => {
  const scripts = goodScripts();
  const { sd } = scripts;
  const counted = { fileBytes: 9_000_000, chunks: 40, newChunks: 5, newBytes: 1_000_000, storedBytes: 400_000, rememberedFiles: 7, rememberedBytes: 3_000_000, method: "zstd 3" }; // prettier-ignore
  scripts.fd = async (log) =>
    await log.end(
      JobEnd.fromPartial({
        status: "T",
        files: 2,
        bytes: 9_000_000,
        readBytes: 6_000_000,
        networkBytes: 450_000,
        dedup: counted,
      }),
    );
  // The other client of the store was faster with one of the chunks.
  const stored = { newChunks: 4, newBytes: 800_000, storedBytes: 300_000, method: "zstd 3" };
  scripts.sd = async (log, request, signal) => {
    const end = log.end.bind(log);
    log.end = async (ended) => await end(JobEnd.fromPartial({ ...ended, dedup: stored }));
    await sd(log, request, signal);
  };
  await using world = await EngineWorld.open(scripts);
  const jobId = await world.engine.submit({ job: "Save", origin });
  await world.engine.waitFor({ kind: "jobId", jobId }, never);
  const text = world.console.take();
  assert.match(
    text,
    /Software Compression: {3}62\.5 % \(2\.7:1\)\n {2}Deduplication: {10}30\.0:1, 9,000,000 \(9\.000 MB\) in 40 chunks\n/,
  );
  assert.match(text, /New Chunks: {13}4, 800,000 \(800\.000 KB\), stored as 300,000 \(300\.000 KB\) zstd 3\n/);
  assert.match(text, /Remembered Files: {7}7, 3,000,000 \(3\.000 MB\) not read\n {2}Network Bytes: {10}450,000 /);
  assert.equal((await findJob(world.catalog, jobId))?.JobBytes, 9_000_000);
});

test("the next job is an Incremental since the start of the one before", async () => {
  await using world = await EngineWorld.open(goodScripts());
  for (const expected of ["F", "I"]) {
    const jobId = await world.engine.submit({ job: "Save", origin });
    await world.engine.waitFor({ kind: "all" }, never);
    assert.equal((await findJob(world.catalog, jobId))?.Level, expected);
  }
  assert.match(world.console.take(), /Incremental, since=\d{4}-\d\d-\d\d /);
  assert.equal((await listMedia(world.catalog)).length, 1);
});

test("a client that fails makes the job an error and stops the storage half", async () => {
  const scripts = goodScripts();
  scripts.fd = async (log) => {
    log.append({
      $case: "message",
      value: { type: MessageType.MESSAGE_TYPE_FATAL, timeUs: 0, daemon: "test-fd", text: "disk on fire" },
    });
    await log.end(JobEnd.fromPartial({ status: "f", errors: 1 }));
  };
  await using world = await EngineWorld.open(scripts);
  const jobId = await world.engine.submit({ job: "Save", origin });
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(view?.status, "f");
  assert.match(
    world.console.take(),
    /Fatal error: disk on fire[^]*Error: Nocturne test-dir[^]*FD termination status: {2}Error[^]*\*\*\* Backup Error \*\*\*/,
  );
});

test("a cancel reaches both daemons and the job ends canceled", async () => {
  const waiting = async (_log: unknown, _request: unknown, signal: AbortSignal) => {
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  };
  await using world = await EngineWorld.open({ fd: waiting, sd: waiting });
  const jobId = await world.engine.submit({ job: "Save", origin });
  while (world.engine.view(jobId)?.statusText !== "is running" || world.engine.running().length === 0)
    await new Promise((resolve) => setImmediate(resolve));
  while ((await findJob(world.catalog, jobId))?.VolSessionId === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await world.engine.cancel(jobId, "tester")).kind, "canceled");
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(view?.status, "A");
  assert.deepEqual(world.daemons.canceled.toSorted(), ["fd", "sd"]);
  assert.match(world.console.take(), /Backup Canceled/);
});

test("a Director that is killed in the middle follows the job again and ends it OK with nothing twice", async () => {
  const scripts = goodScripts();
  const gate = Promise.withResolvers<void>();
  const { sd } = scripts;
  scripts.sd = async (log, request, signal) => {
    log.append({ $case: "attributes", value: attributes(1, "/etc/early") });
    await gate.promise;
    await sd(log, request, signal);
  };
  await using world = await EngineWorld.open(scripts);
  const jobId = await world.engine.submit({ job: "Save", origin });
  while ((await rowsOf(world, "File")) === 0) await new Promise((resolve) => setImmediate(resolve));
  await world.crash();
  gate.resolve();
  await world.start();
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(view?.status, "T", world.console.take());
  assert.equal(await rowsOf(world, "File"), 3);
  assert.equal((await listLog(world.catalog, jobId)).filter((line) => line.LogText.includes("saving")).length, 1);
});

test("a job that found nothing to save counts for Maximum Volume Jobs at its end", async () => {
  const scripts = goodScripts();
  scripts.sd = async (log, _request, signal) => {
    const answer = await log.ask(
      JobQuestion.fromPartial({ ask: { $case: "findVolume", value: { pool: "Default", mediaType: "File", device: "Dev" } } }),
      signal,
    );
    const { volume } = answer.$case === "use" ? answer.value : { volume: "" };
    const facts = { volume, revision: Date.now() * 1000, status: "Append", bytes: 300, jobs: 1, writes: 2, volType: 1 };
    log.append({ $case: "volume", value: VolumeState.fromPartial(facts) });
    await log.end(JobEnd.fromPartial({ status: "T" }));
  };
  await using world = await EngineWorld.open(scripts, { pool: 'LabelFormat = "Vol-"; MaximumVolumeJobs = 1' });
  const jobId = await world.engine.submit({ job: "Save", origin });
  await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal((await findMedia(world.catalog, "Vol-0001"))?.VolStatus, "Used", world.console.take());
});

test("the Volume of a job that a restarted Director follows again stays the job's, before anything was written to it", async () => {
  const scripts = goodScripts();
  const gate = Promise.withResolvers<void>();
  scripts.sd = async (log, _request, signal) => {
    const answer = await log.ask(
      JobQuestion.fromPartial({ ask: { $case: "findVolume", value: { pool: "Default", mediaType: "File", device: "Dev" } } }),
      signal,
    );
    assert.equal(answer.$case, "use");
    await gate.promise;
    await log.end(JobEnd.fromPartial({ status: "T" }));
  };
  scripts.fd = async (log) => {
    await gate.promise;
    await log.end(JobEnd.fromPartial({ status: "T" }));
  };
  await using world = await EngineWorld.open(scripts);
  const jobId = await world.engine.submit({ job: "Save", origin });
  const isGiven = async () =>
    (await listRunningJobs(world.catalog)).some(({ State }) => State.includes('"volumes":[{"volume":"Vol-0001"'));
  while (!(await isGiven())) await new Promise((resolve) => setImmediate(resolve));
  await world.crash();
  await world.start();
  assert.deepEqual(world.claims.givenTo(jobId), [{ volume: "Vol-0001", device: "Dev", jobsBefore: 0 }]);
  assert.equal(world.claims.withhold("Vol-0001"), undefined);
  gate.resolve();
  await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(world.claims.isHeld("Vol-0001"), false);
});

test("a restarted Director starts no queued job before it knows of all that run", async () => {
  const scripts = goodScripts();
  const gate = Promise.withResolvers<void>();
  const { sd } = scripts;
  scripts.sd = async (log, request, signal) => {
    await gate.promise;
    await sd(log, request, signal);
  };
  await using world = await EngineWorld.open(scripts);
  const whenMs = Date.now() + 1000;
  const queued = await world.engine.submit({ job: "Save", origin, whenMs, priority: 20 });
  const running = await world.engine.submit({ job: "Save", origin });
  const isRunning = async () =>
    (await listRunningJobs(world.catalog)).some(({ JobId, State }) => JobId === running && State.includes('"stage":"running"'));
  while (!(await isRunning()) || Date.now() < whenMs) await nextTurn();
  await world.crash();
  await world.start();
  const waiting = world.engine.waiting().map(({ jobId }) => jobId);
  gate.resolve();
  assert.deepEqual(waiting, [queued]);
  await world.engine.waitFor({ kind: "all" }, never);
  assert.deepEqual(
    world.engine.terminated().map(({ jobId, status }) => `${jobId} ${status}`),
    [`${running} T`, `${queued} T`],
  );
});

test("a job that a restarted Director cannot take up has failed for good: it does not begin when its Job is back", async () => {
  await using world = await EngineWorld.open(goodScripts());
  const jobId = await world.engine.submit({ job: "Save", origin, whenMs: Date.now() + 3_600_000 });
  await world.crash();
  const jobs = world.config.jobs as Map<string, JobResource>;
  const save = jobs.get("Save")!;
  jobs.delete("Save");
  await world.start();
  assert.equal((await findJob(world.catalog, jobId))?.JobStatus, "f");
  assert.match((await listLog(world.catalog, jobId)).at(-1)?.LogText ?? "", /cannot take up this job.*there is no Job "Save"/);
  await world.crash();
  jobs.set("Save", save);
  await world.start();
  assert.deepEqual(world.engine.waiting(), []);
});

test("jobs whose Storage cannot be reached do not crowd another beyond its Maximum Concurrent Jobs", async () => {
  const scripts = goodScripts();
  const { sd } = scripts;
  const gate = Promise.withResolvers<void>();
  let [atOnce, most] = [0, 0];
  scripts.sd = async (log, request, signal) => {
    most = Math.max(most, (atOnce += 1));
    await gate.promise;
    atOnce -= 1;
    await sd(log, request, signal);
  };
  await using world = await EngineWorld.open(scripts, {
    resources: (port) => `
      Storage { Name = Down; Address = 127.0.0.1; SDPort = 1; Password = secret; Device = Dev; MediaType = File; MaximumConcurrentJobs = 9 }
      Storage { Name = One; Address = 127.0.0.1; SDPort = ${port}; Password = secret; Device = Dev; MediaType = File; MaximumConcurrentJobs = 1 }
      Job { Name = Group; Type = Backup; Level = Full; Client = test-fd; FileSet = Set; Storage = Down, One; Pool = Default; Messages = Std
        MaximumConcurrentJobs = 5 }`,
  });
  for (let jobs = 0; jobs < 2; jobs++) await world.engine.submit({ job: "Group", origin });
  const waits = () => world.engine.running().some(({ statusText }) => statusText === "is waiting on Storage");
  while (!waits() || most === 0) await nextTurn();
  gate.resolve();
  await world.engine.waitFor({ kind: "all" }, never);
  const said = world.console.take();
  assert.deepEqual(world.engine.terminated().map(({ status, storage }) => `${status} ${storage}`), ["T One", "T One"], said); // prettier-ignore
  assert.equal(most, 1);
  assert.equal(said.match(/Storage "One" has its Maximum Concurrent Jobs: this job waits/g)?.length, 1, said);
});

test("a client that cannot be reached is said so, and the job is an error", async () => {
  await using world = await EngineWorld.open(goodScripts(), {
    resources: `Client { Name = gone-fd; Address = 127.0.0.1; FDPort = 1; Password = x; Catalog = Cat }`,
  });
  const jobId = await world.engine.submit({ job: "Save", client: "gone-fd", origin });
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(view?.status, "f");
  const said = world.console.take();
  assert.match(said, /Fatal error: .*127\.0\.0\.1:1/);
  const tries = said.match(/Warning: Could not connect to Client "gone-fd"\. ERR=.*127\.0\.0\.1:1[^]*?Retrying \.\.\./g);
  assert.equal(tries?.length, 1, said);
});

test("two jobs of one name wait for one another, and `wait` ends with the last", async () => {
  await using world = await EngineWorld.open(goodScripts());
  const first = await world.engine.submit({ job: "Save", origin });
  const second = await world.engine.submit({ job: "Save", origin });
  assert.equal(world.engine.view(second)?.statusText, "is waiting on max Job jobs");
  await world.engine.waitFor({ kind: "all" }, never);
  assert.deepEqual([world.engine.view(first)?.status, world.engine.view(second)?.status], ["T", "T"]);
  assert.deepEqual(world.engine.counts, { started: 2, failed: 0, succeeded: 2 });
});

test("a duplicate that is not allowed is refused with the reason", async () => {
  await using world = await EngineWorld.open(goodScripts(), { job: "AllowDuplicateJobs = no" });
  await world.engine.submit({ job: "Save", origin });
  const second = await world.engine.submit({ job: "Save", origin });
  const view = await world.engine.waitFor({ kind: "jobId", jobId: second }, never);
  assert.equal(view?.status, "A");
  assert.match(world.console.take(), /JobId 1 already running\. Duplicate job not allowed\./);
});

test("without a Volume the job waits for one, and `wait mount` ends", async () => {
  const scripts = goodScripts();
  scripts.sd = async (log, _request, signal) => {
    const answer = await log.ask(
      JobQuestion.fromPartial({ ask: { $case: "findVolume", value: { pool: "Default", mediaType: "File", device: "Dev" } } }),
      signal,
    );
    assert.equal(answer.$case, "none");
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  };
  await using world = await EngineWorld.open(scripts, { pool: "MaximumVolumes = 1" });
  const jobId = await world.engine.submit({ job: "Save", origin });
  const view = await world.engine.waitFor({ kind: "mount" }, never);
  assert.equal(view?.status, "m");
  assert.match(view?.mountRequest ?? "", /no Volume of Pool "Default"/);
  await world.engine.cancel(jobId, "tester");
  assert.equal(world.engine.view(jobId)?.mountRequest, null);
  await world.engine.waitFor({ kind: "all" }, never);
  assert.equal(world.engine.view(jobId)?.mountRequest, null);
});

test("a failing RunBeforeJob stops the job before any daemon hears of it", async () => {
  await using world = await EngineWorld.open(goodScripts(), {
    job: `RunBeforeJob = "sh -c 'echo no; exit 1'"\n RunAfterFailedJob = "echo after %e"`,
  });
  const jobId = await world.engine.submit({ job: "Save", origin });
  const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
  assert.equal(view?.status, "f");
  assert.match(
    world.console.take(),
    /BeforeJob: no\n[^]*returned non-zero status=1[^]*\*\*\* Backup Error[^]*AfterJob: after Fatal Error/,
  );
});

test("a good save leaves its bootstrap in a file: a Full begins it, an Incremental adds to it", async () => {
  const file = join(tmpdir(), `engine-${process.pid}-%c.bsr`);
  await using world = await EngineWorld.open(goodScripts(), { job: `WriteBootstrap = "${file}"` });
  for (let run = 0; run < 2; run++) {
    await world.engine.submit({ job: "Save", origin });
    await world.engine.waitFor({ kind: "all" }, never);
  }
  const written = file.replace("%c", "test-fd");
  const text = await readFile(written, "utf8");
  await rm(written);
  assert.equal(text.match(/^Volume="Vol-0001"$/gm)?.length, 2);
  assert.match(text, /^VolAddr=200-4999$/m);
});

test("a job that failed runs again after its interval, so often as it is told", async () => {
  let runs = 0;
  const scripts = goodScripts();
  const { fd } = scripts;
  scripts.fd = async (log, request, signal) => {
    if (++runs < 3) return await log.end(JobEnd.fromPartial({ status: "f", errors: 1 }));
    return await fd(log, request, signal);
  };
  await using world = await EngineWorld.open(scripts, {
    job: "RescheduleOnError = yes; RescheduleInterval = 1; RescheduleTimes = 2",
  });
  await world.engine.submit({ job: "Save", origin });
  await world.engine.waitFor({ kind: "all" }, never);
  assert.deepEqual(
    world.engine.terminated().map((view) => view.status),
    ["f", "f", "T"],
  );
  assert.match(world.console.take(), /Rescheduled Job Save\.\S+ at .* to re-run in 1 seconds/);
});

test("a job that failed is no duplicate of its own repetition", async () => {
  const scripts = goodScripts();
  let runs = 0;
  scripts.fd = async (log) => await log.end(JobEnd.fromPartial({ status: (runs += 1) < 2 ? "f" : "T", files: 0 }));
  await using world = await EngineWorld.open(scripts, {
    job: "RescheduleOnError = yes; RescheduleInterval = 1; RescheduleTimes = 2; AllowDuplicateJobs = no",
  });
  await world.engine.submit({ job: "Save", origin });
  await world.engine.waitFor({ kind: "all" }, never);
  assert.deepEqual(
    world.engine.terminated().map((view) => view.status),
    ["f", "T"],
    world.console.take(),
  );
});

for (const half of ["sd", "fd"] as const) {
  test(`a connection that is cut before the ${half} has answered the start: the job is started once and ends OK`, async () => {
    await using world = await EngineWorld.open(goodScripts());
    let begun = 0;
    world.daemons.begun = (which) => {
      if (which !== half) return;
      begun++;
      world.links[half].cut();
    };
    const jobId = await world.engine.submit({ job: "Save", origin });
    const view = await world.engine.waitFor({ kind: "jobId", jobId }, never);
    assert.equal(view?.status, "T", world.console.take());
    assert.equal(begun, 1);
    assert.equal(await rowsOf(world, "File"), 2);
  });
}

test("a list of 200,000 names goes to the client, a Bootstrap of 300,000 ranges to the storage daemon", async () => {
  const list = join(tmpdir(), `engine-${process.pid}.list`);
  await writeFile(list, Array.from({ length: 200_000 }, (_, at) => `/srv/tree/directory/file-${at}.txt\n`).join(""));
  const met = { names: 0, ranges: 0 };
  const scripts = goodScripts();
  scripts.fd = async (log, { work }) => {
    if (work?.$case === "backup") met.names = work.value.fileset?.includes[0]?.files.length ?? 0;
    await log.end(JobEnd.fromPartial({ status: "T", files: 1, bytes: 1 }));
  };
  scripts.sd = async (log, { work }) => {
    if (work?.$case === "read") met.ranges = work.value.bootstrap?.entries[0]?.fileIndexes.length ?? 0;
    await log.end(JobEnd.fromPartial({ status: "T", files: 1, bytes: 1 }));
  };
  await using world = await EngineWorld.open(scripts, {
    fileset: `File = "<${list}"`,
    resources: `Job { Name = Back; Type = Restore; Client = test-fd; FileSet = Set; Storage = File1; Pool = Default; Messages = Std }`,
  });
  await world.engine.submit({ job: "Save", origin });
  const entry = BootstrapEntry.fromPartial({
    volume: "Vol-0001",
    fileIndexes: Array.from({ length: 300_000 }, (_, at) => ({ first: 3 * at + 1, last: 3 * at + 2 })),
  });
  const volumes = [{ volume: "Vol-0001", mediaType: "File", storage: "File1" }];
  const plan = { bootstrap: { entries: [entry] }, volumes, filesExpected: 1, jobIds: [1] };
  await world.engine.submit({ job: "Back", origin, restore: { plan, where: "/tmp/x" } });
  await world.engine.waitFor({ kind: "all" }, never);
  await rm(list);
  assert.deepEqual(met, { names: 200_000, ranges: 300_000 }, world.console.take());
});

test("unknown names and unsupported types are refused at once", async () => {
  await using world = await EngineWorld.open(goodScripts(), {
    resources: `Job { Name = Check; Type = Verify; Client = test-fd; FileSet = Set; Storage = File1; Pool = Default; Messages = Std }`,
  });
  await assert.rejects(world.engine.submit({ job: "Nope", origin }), /there is no Job "Nope"/);
  await assert.rejects(world.engine.submit({ job: "Save", pool: "Nope", origin }), /there is no Pool "Nope"/);
  await assert.rejects(world.engine.submit({ job: "Check", origin }), /not supported in this release/);
});
