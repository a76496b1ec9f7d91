import assert from "node:assert/strict";
import { cp, readFile, readdir, readlink, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import { FakeClock } from "#lib/testing/fake-clock.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { JobEvent } from "#proto/job.ts";
import type { EventBody } from "./event.ts";
import type { JobLog } from "./job-log.ts";
import { jobEnd, message } from "./job-log-builders.ts";
import { SEGMENT_BYTES } from "./segments.ts";
import { JobLogStore } from "./store.ts";

const job = { job: "nightly.2026-01-05_12.00.00_01", jobId: 7 };
const quiet = { log: { error: (text: string) => assert.fail(text) } };

/** Takes so many events from a log. */
async function take(log: JobLog, from: number, count: number): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  if (count === 0) return events;
  for await (const event of log.follow(from, AbortSignal.timeout(20_000))) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

function texts(events: readonly JobEvent[]): string[] {
  return events.map(({ event }) => (event?.$case === "message" ? event.value.text : (event?.$case ?? "")));
}

test("events are numbered from 1 and replayed exactly after a restart", async () => {
  await using dir = await TempDir.make();
  {
    await using store = await JobLogStore.open(dir.path, quiet);
    const log = await store.create(job);
    for (let number = 1; number <= 100; number++) assert.equal(log.append(message(`event ${number}`)), number);
    await log.sync();
  }
  await using store = await JobLogStore.open(dir.path, quiet);
  const log = store.get(job.job)!;
  assert.deepEqual(log.job, job);
  assert.equal(log.append(message("event 101")), 101);
  const events = await take(log, 1, 101);
  assert.deepEqual(
    events.map((event) => event.number),
    Array.from({ length: 101 }, (_, index) => index + 1),
  );
  assert.equal(texts(events)[99], "event 100");
});

test("an event that comes after the close is written, and leaves no file open", async () => {
  await using dir = await TempDir.make();
  const store = await JobLogStore.open(dir.path, quiet);
  const log = await store.create(job);
  log.append(message("before"));
  await store.close();
  log.append(message("after"));
  await log.sync();
  const openHere = async (): Promise<number> => {
    const targets = await Promise.all(
      (await readdir("/proc/self/fd")).map(async (fd) => await readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    return targets.filter((target) => target.startsWith(dir.path)).length;
  };
  for (let turn = 0; turn < 100 && (await openHere()) > 0; turn++) await new Promise(setImmediate);
  assert.equal(await openHere(), 0);
  await using again = await JobLogStore.open(dir.path, quiet);
  assert.deepEqual(texts(await take(again.get(job.job)!, 1, 2)), ["before", "after"]);
});

test("a job name is used once", async () => {
  await using dir = await TempDir.make();
  await using store = await JobLogStore.open(dir.path, quiet);
  const made = await Promise.allSettled([store.create(job), store.create(job)]);
  assert.deepEqual(made.map((result) => result.status).toSorted(), ["fulfilled", "rejected"]);
  await assert.rejects(store.create(job), (error: OperatorError) => error.code === "JOB_LOG_EXISTS");
  await assert.rejects(store.create({ job: "x".repeat(128), jobId: 1 }), /no valid job name/);
});

test("a live follower gets what is appended later, passing facts with number 0, and ends after the end was acknowledged", async () => {
  await using dir = await TempDir.make();
  await using store = await JobLogStore.open(dir.path, quiet);
  const log = await store.create(job);
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of log.follow(1, AbortSignal.timeout(20_000))) {
      seen.push(`${event.number} ${event.event?.$case}`);
      if (event.number > 0) await log.ack(event.number);
    }
  })();
  log.append(message("one"));
  await log.sync();
  for (let files = 1; files <= 1000; files++)
    log.pass({ $case: "progress", value: { files, bytes: 0, file: Buffer.alloc(0), errors: 0 } });
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await log.end(jobEnd());
  await following;
  assert.deepEqual(seen, ["1 message", "0 progress", "2 end"]);
  assert.equal(store.get(job.job), undefined);
  while ((await readdir(dir.path)).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("a log torn at any byte of its last entries loads up to the last whole one and goes on from there", async () => {
  await using dir = await TempDir.make();
  const original = dir.file("original");
  {
    await using store = await JobLogStore.open(original, quiet);
    const log = await store.create(job);
    for (const text of ["one", "two", "three"]) log.append(message(text));
    await log.sync();
  }
  const name = (await readdir(original))[0]!;
  const segment = (await readdir(join(original, name))).find((file) => file.endsWith(".events"))!;
  const bytes = await readFile(join(original, name, segment));
  for (let length = 0; length < bytes.byteLength; length++) {
    const copy = dir.file(`torn-${length}`);
    await cp(original, copy, { recursive: true });
    await truncate(join(copy, name, segment), length);
    await using store = await JobLogStore.open(copy, quiet);
    const log = store.get(job.job)!;
    const whole = log.lastNumber;
    assert.ok(whole < 3);
    log.append(message("after"));
    await log.sync();
    assert.deepEqual(texts(await take(log, 1, whole + 1)), [...["one", "two", "three"].slice(0, whole), "after"]);
  }
});

test("a flipped bit in the last segment cuts the log there, in an earlier one it puts the log aside with a message", async () => {
  await using dir = await TempDir.make();
  const original = dir.file("original");
  {
    await using store = await JobLogStore.open(original, quiet);
    const log = await store.create(job);
    const attributes: EventBody = { $case: "attributes", value: Buffer.alloc(1024 * 1024, 7) };
    for (let count = 0; count * 1024 * 1024 < SEGMENT_BYTES + 2_000_000; count++) {
      await log.room();
      log.append(attributes);
    }
    await log.sync();
  }
  const name = (await readdir(original))[0]!;
  const segments = (await readdir(join(original, name))).filter((file) => file.endsWith(".events")).toSorted();
  assert.ok(segments.length > 1);
  const damage = async (file: string) => {
    const copy = dir.file(file);
    await cp(original, copy, { recursive: true });
    const path = join(copy, name, file);
    const bytes = await readFile(path);
    bytes[5000]! ^= 1;
    await writeFile(path, bytes);
    return copy;
  };
  const lines: string[] = [];
  const noisy = { log: { error: (text: string) => lines.push(text) } };
  {
    await using store = await JobLogStore.open(await damage(segments[0]!), noisy);
    assert.equal(store.logs.size, 0);
    assert.match(lines[0] ?? "", /damaged.*unreadable from byte 8 on/);
  }
  await using store = await JobLogStore.open(await damage(segments.at(-1)!), quiet);
  assert.equal(store.get(job.job)!.lastNumber + 1, Number(segments.at(-1)!.slice(0, 16)));
});

test("acknowledged segments leave the disk, and memory stays bounded for a large log", async () => {
  await using dir = await TempDir.make();
  await using store = await JobLogStore.open(dir.path, quiet);
  const log = await store.create(job);
  const files = async () =>
    (await readdir(join(dir.path, (await readdir(dir.path))[0]!))).filter((file) => file.endsWith(".events")).length;
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 40; count++) {
    await log.room();
    log.append({ $case: "attributes", value: Buffer.alloc(1024 * 1024, count) });
  }
  await log.sync();
  globalThis.gc?.();
  assert.ok(process.memoryUsage().arrayBuffers - before < 120_000_000);
  assert.ok((await files()) >= 4);
  const events = await take(log, 1, 40);
  assert.ok(
    events.every(
      ({ event }, index) => event?.$case === "attributes" && event.value.byteLength === 1024 * 1024 && event.value[0] === index,
    ),
  );
  await log.ack(40);
  assert.equal(await files(), 1);
  await assert.rejects(take(log, 1, 1), (error: OperatorError) => error.code === "JOB_LOG_TRIMMED");
  await assert.rejects(log.ack(41), /acknowledged/);
});

test("a question waits for its answer, is told to a new follower again, and a late answer has no effect", async () => {
  await using dir = await TempDir.make();
  await using store = await JobLogStore.open(dir.path, quiet);
  const log = await store.create(job);
  log.append(message("before"));
  const question = {
    reason: "need a Volume",
    ask: { $case: "findVolume" as const, value: { pool: "Default", mediaType: "File", refused: [], device: "d" } },
  };
  const answer = log.ask(question, AbortSignal.timeout(10_000));
  await log.sync();
  assert.deepEqual(texts(await take(log, 1, 2)), ["before", "question"]);
  await log.ack(2);
  const again = await take(log, 3, 1);
  assert.equal(again[0]?.number, 2);
  assert.equal(log.answer(2, { $case: "none", value: "no Volume" }), true);
  assert.deepEqual(await answer, { $case: "none", value: "no Volume" });
  assert.equal(log.answer(2, { $case: "none", value: "no Volume" }), false);
  const controller = new AbortController();
  const canceled = log.ask(question, controller.signal);
  controller.abort(new Error("job canceled"));
  await assert.rejects(canceled, /job canceled/);
});

test("a log that ended is kept thirty days for its Director, one that has not is kept for ever", async () => {
  await using dir = await TempDir.make();
  const clock = new FakeClock(Date.now());
  await using store = await JobLogStore.open(dir.path, { ...quiet, clock });
  await (await store.create(job)).end(jobEnd());
  const running = await store.create({ job: "running", jobId: 8 });
  running.append(message("one"));
  await clock.advance(29 * 24 * 3_600_000);
  await store.create({ job: "later", jobId: 9 });
  assert.deepEqual([...store.logs.keys()], [job.job, "running", "later"]);
  await clock.advance(2 * 24 * 3_600_000);
  await store.create({ job: "last", jobId: 10 });
  while (store.logs.size > 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...store.logs.keys()], ["running", "later", "last"]);
});

test("a second follower ends the first", async () => {
  await using dir = await TempDir.make();
  await using store = await JobLogStore.open(dir.path, quiet);
  const log = await store.create(job);
  const first = take(log, 1, 1);
  await new Promise(setImmediate);
  const second = take(log, 1, 1);
  await assert.rejects(first, /newer connection/);
  log.append(message("one"));
  assert.deepEqual(texts(await second), ["one"]);
});

test("a disk that refuses for a while delays events but loses none", async () => {
  await using dir = await TempDir.make();
  const troubles: string[] = [];
  const clock = new FakeClock();
  const store = await JobLogStore.open(dir.path, { clock, log: { error: (text) => troubles.push(text) } });
  const log = await store.create(job);
  const path = join(dir.path, (await readdir(dir.path))[0]!);
  await rename(path, `${path}.away`);
  log.append(message("one"));
  while (troubles.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(troubles[0]!, /cannot be written; it is tried again/);
  await rename(`${path}.away`, path);
  log.append(message("two"));
  await clock.runUntil(log.sync());
  assert.deepEqual(texts(await take(log, 1, 2)), ["one", "two"]);
  await store.close();
});
