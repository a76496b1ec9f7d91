import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { ensureClient } from "#catalog/queries/clients.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { createMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import type { Clock } from "#lib/base/clock.ts";
import { must } from "#lib/base/assert.ts";
import { ConsoleWorld } from "../testing/console-world.ts";
import { autoPrune } from "./auto-prune.ts";
import { ClockGuard } from "./clock-guard.ts";
import { RetentionPruner } from "./volume-pruner.ts";

const DAY = 86_400_000;
const START = Date.UTC(2027, 0, 15);

/** A machine's clock that can be set apart from what passes. */
class SetClock implements Clock {
  day = START;
  passed = 0;
  nowMs = () => this.day;
  monotonicMs = () => this.passed;
  sleep = async () => {};
  pass(days: number): void {
    this.day += days * DAY;
    this.passed += days * DAY;
  }
}

let world: ConsoleWorld;
before(async () => void (world = await ConsoleWorld.open()));
after(async () => await world[Symbol.asyncDispose]());

test("time that passes is believed, however much; a clock that is set years ahead is not, for a week or until it is right again", () => {
  const clock = new SetClock();
  const guard = new ClockGuard(clock);
  clock.pass(5000);
  assert.equal(guard.doubt(), undefined);
  clock.day += 200 * DAY;
  assert.equal(guard.doubt(), undefined, "less than a wrong year");
  clock.day += 3650 * DAY;
  assert.match(guard.doubt() ?? "", /^The clock is 3650 days ahead of 2041-/);
  clock.pass(3);
  assert.match(guard.doubt() ?? "", /3650 days ahead/);
  clock.day -= 3650 * DAY;
  assert.equal(guard.doubt(), undefined, "right again");
  clock.day += 3650 * DAY;
  assert.notEqual(guard.doubt(), undefined);
  clock.pass(8);
  assert.equal(guard.doubt(), undefined, "nobody minded for a week");
  clock.pass(1);
  assert.equal(guard.doubt(), undefined);
});

test("a clock that was set back and then right again has not leapt ahead", () => {
  const clock = new SetClock();
  const guard = new ClockGuard(clock);
  clock.day = Date.UTC(1970, 0, 1);
  assert.equal(guard.doubt(), undefined);
  clock.day = START;
  assert.equal(guard.doubt(), undefined);
});

test("a job that wants a Volume gets none pruned while the clock is doubted", async () => {
  const clock = new SetClock();
  const guard = new ClockGuard(clock);
  const pool = must(await findPool(world.catalog, "Default"), "the Pool");
  const row = await createMedia(world.catalog, {
    VolumeName: "Old",
    MediaType: "File",
    PoolId: pool.PoolId,
    VolStatus: "Full",
    VolRetention: 60,
    FirstWritten: "2027-01-01 00:00:00",
    LastWritten: "2027-01-01 00:00:00",
  });
  const pruner = new RetentionPruner({ ...world.retention, now: clock.nowMs, clockGuard: guard });
  const { signal } = new AbortController();
  clock.day += 3650 * DAY;
  const answer = await pruner.prune(row, signal);
  assert.match(answer.lines.join(), /^The clock is 3650 days ahead/);
  assert.equal(answer.isPurged, false);
  clock.day -= 3650 * DAY;
  assert.equal((await pruner.prune(row, signal)).isPurged, true);
});

test("a Director that starts years after the newest job of its catalog prunes nothing after a job, and says why", async () => {
  const { catalog } = world;
  const clock = new SetClock();
  const { client } = await ensureClient(catalog, { Name: "web", AutoPrune: 1, FileRetention: 60, JobRetention: 60 });
  const old = await addJob(catalog, {
    Name: "Save",
    Type: "R",
    JobStatus: "T",
    ClientId: client.ClientId,
    JobTDate: Math.floor(START / 1000) - 250 * 86_400,
  });
  const prune = async (): Promise<string> => {
    const guard = new ClockGuard(clock);
    await guard.begin(catalog);
    const lines: string[] = [];
    const { jobs, clients } = world.config;
    const [job] = [...jobs.values()];
    const resource = must(clients.get("web"), "the Client");
    await autoPrune(
      { ...world.retention, now: clock.nowMs, clockGuard: guard },
      { job: must(job, "a Job"), client: { ...resource, autoPrune: true, jobRetention: 3600 }, pool: undefined },
      async (kind, text) => void lines.push(`${kind}: ${text}`),
      new AbortController().signal,
    );
    return lines.join("\n");
  };
  clock.day = START + 3650 * DAY;
  assert.match(await prune(), /^Warning: The clock is 3900 days ahead of 2026-05-/);
  assert.ok(await findJob(catalog, old));
  clock.day = START;
  assert.match(await prune(), /Pruned 1 Job for client web/);
});
