import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { FakeClock } from "#lib/testing/fake-clock.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { RunRequest } from "../job/run-request.ts";
import { Scheduler } from "./scheduler.ts";
import { scheduleConfig } from "./testing/lines.ts";

const HOUR_MS = 3_600_000;
const zone = "Europe/Berlin";
const ms = (text: string) => Temporal.ZonedDateTime.from(`${text}[${zone}]`).epochMilliseconds;
const shown = (at: number) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: "second" });

/** A Scheduler in a world of its own, from the start of which everything is written down. */
class Desk implements AsyncDisposable {
  readonly started: (RunRequest & { readonly atMs: number })[] = [];
  readonly told: string[] = [];
  readonly off = new Set<string>();
  readonly clock: FakeClock;
  readonly markFile: string;
  config: DirectorConfig;
  /** Runs that the catalog knows, as "job moment". */
  known: readonly string[] = [];

  readonly #directory: TempDir;

  constructor(config: DirectorConfig, directory: TempDir, start: string) {
    this.config = config;
    this.#directory = directory;
    this.clock = new FakeClock(ms(start));
    this.markFile = directory.file("dir.schedule");
  }

  async open(): Promise<Scheduler> {
    return await Scheduler.open({
      config: () => this.config,
      clock: this.clock,
      zone,
      markFile: this.markFile,
      isEnabled: (kind, name, configured) => configured && !this.off.has(`${kind} ${name}`),
      submit: async (request) => this.started.push({ ...request, atMs: this.clock.nowMs() }),
      startedRuns:
        async () =>
        ({ job }, at) =>
          this.known.includes(`${job.name} ${shown(at)}`),
      log: {
        warning: (text) => void this.told.push(text),
        error: (text, error) => void this.told.push(`${text}: ${String(error)}`),
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }

  times(): string[] {
    return this.started.map(({ job, whenMs }) => `${job} ${shown(whenMs!)}`);
  }
}

async function desk(start: string, ...schedules: readonly string[]): Promise<Desk> {
  return new Desk(await scheduleConfig(...schedules), await TempDir.make(), start);
}

test("two hourly runs both come each hour, at their second, for a day", async () => {
  await using world = await desk("2026-11-21T00:00:00.400", "Run = hourly at 0:05\nRun = hourly at 0:35");
  await using _scheduler = await world.open();
  await world.clock.advance(24 * HOUR_MS);
  assert.equal(world.started.length, 48);
  assert.equal(world.started.filter(({ whenMs }) => shown(whenMs!).endsWith(":05:00")).length, 24);
  assert.equal(new Set(world.times()).size, 48);
  assert.deepEqual(
    world.started.filter(({ atMs, whenMs }) => atMs !== whenMs),
    [],
  );
});

test("both changes of summer time: 23 and 25 hourly runs, one nightly", async () => {
  for (const [day, hourly] of [
    ["2027-03-28", 23],
    ["2027-10-31", 25],
  ] as const) {
    await using world = await desk(`${day}T00:00`, "Run = hourly at 0:30", "Run = at 2:30");
    await using _scheduler = await world.open();
    await world.clock.advance(hourly * HOUR_MS);
    assert.equal(world.started.filter(({ job }) => job === "A").length, hourly, day);
    assert.equal(world.started.filter(({ job }) => job === "B").length, 1, day);
  }
});

test("what came due under the old configuration starts, what the new one says for the past does not", async () => {
  await using world = await desk("2026-11-21T10:00", "Run = at 10:30");
  await using scheduler = await world.open();
  await world.clock.advance(HOUR_MS / 2 + 500);
  scheduler.settle();
  world.config = await scheduleConfig("Run = at 10:20\nRun = at 11:00");
  await world.clock.advance(HOUR_MS);
  assert.deepEqual(world.times(), ["A 2026-11-21T10:30:00", "A 2026-11-21T11:00:00"]);
});

test("a schedule, job or client that is switched off starts nothing; switched on, nothing of the time before", async () => {
  for (const switched of ["schedule SA", "job A", "client c"]) {
    await using world = await desk("2026-11-21T10:00", "Run = hourly at 0:05");
    await using scheduler = await world.open();
    scheduler.settle();
    world.off.add(switched);
    await world.clock.advance(2.5 * HOUR_MS);
    scheduler.settle();
    world.off.delete(switched);
    assert.equal(scheduler.foresee().length, 24);
    await world.clock.advance(HOUR_MS);
    assert.deepEqual(world.times(), ["A 2026-11-21T13:05:00"], switched);
  }
});

test("runs missed while it was down are told at the next start, once, and made up for where it is wished", async () => {
  await using world = await desk(
    "2026-11-21T10:00",
    "Missed Runs = RunOnce\nRun = Level=Full at 23:05",
    "Run = at 12:00",
    "Run = at 8:30",
  );
  await (await world.open())[Symbol.asyncDispose]();
  await world.clock.advance(48 * HOUR_MS - 60 * 60_000);
  world.known = ["A 2026-11-21T23:05:00"];
  {
    await using _scheduler = await world.open();
    await new Promise(setImmediate);
  }
  assert.equal(world.told.length, 3);
  assert.match(
    world.told[0]!,
    /^Job "A" missed 1 run of Schedule "SA" while the Director did not run .*: Full due 2[23]-Nov-2026 /,
  );
  assert.deepEqual(
    world.started.map(({ job, level, whenMs, comment }) => [job, level, shown(whenMs!), comment?.slice(0, 22)]),
    [
      ["C", undefined, "2026-11-23T08:30:00", undefined],
      ["A", "F", "2026-11-23T09:00:00", "makes up for the run o"],
    ],
  );
  await using _again = await world.open();
  assert.equal(world.told.length, 3);
});

test("a mark that cannot be read is told, and replaced", async () => {
  await using world = await desk("2026-11-21T10:00", "Run = at 12:00");
  await writeFile(world.markFile, "nonsense\n");
  await (await world.open())[Symbol.asyncDispose]();
  assert.match(world.told[0]!, /^The Scheduler starts afresh: .*how far/);
  assert.match(await readFile(world.markFile, "utf8"), /^2026-11-21T09:00:00\.000Z\n2026-11-21T09:00:00\.000Z\n$/);
});

test("a job that cannot be started is told and does not keep others from starting", async () => {
  await using world = await desk("2026-11-21T10:00", "Run = Level=VirtualFull at 10:05", "Run = at 10:05");
  await using _scheduler = await world.open();
  await world.clock.advance(HOUR_MS);
  assert.deepEqual(world.times(), ["B 2026-11-21T10:05:00"]);
  assert.match(world.told[0]!, /^Job "A" could not be started by its Schedule: .*VirtualFull is not supported/);
});

test("what is foreseen comes by time and priority, from any moment, for some jobs, or once a line", async () => {
  await using world = await desk(
    "2026-11-21T10:00",
    "Run = hourly at 0:05",
    "Run = Priority=5 at 12:05\nRun = lastday at 10:00",
  );
  await using scheduler = await world.open();
  const seen = (wish: Parameters<Scheduler["foresee"]>[0]) =>
    scheduler.foresee(wish).map(({ job, whenMs, priority }) => `${job} ${shown(whenMs).slice(5, 16)} ${priority}`);
  assert.deepEqual(seen({ limit: 4 }), ["A 11-21T10:05 10", "A 11-21T11:05 10", "B 11-21T12:05 5", "A 11-21T12:05 10"]);
  assert.deepEqual(seen({ days: 10, isNextOnly: true }), ["A 11-21T10:05 10", "B 11-21T12:05 5", "B 11-30T10:00 10"]);
  assert.deepEqual(seen({ jobs: ["B"], days: 2 }), ["B 11-21T12:05 5", "B 11-22T12:05 5"]);
  assert.deepEqual(seen({ schedules: ["SB"], fromMs: ms("2026-12-31T10:00"), days: 1 }), [
    "B 12-31T10:00 10",
    "B 12-31T12:05 5",
  ]);
  assert.equal(seen({ clients: ["c"], days: 10, limit: 1000 }).length, 240 + 10 + 1);
  assert.deepEqual(seen({ clients: ["other"] }), []);
});
