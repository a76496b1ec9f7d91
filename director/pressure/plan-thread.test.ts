import assert from "node:assert/strict";
import { test } from "node:test";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { insertJobMedia } from "#catalog/queries/job-media.ts";
import { createMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { ConsoleWorld } from "../testing/console-world.ts";
import { PlanThread } from "./plan-thread.ts";

const never = new AbortController().signal;
const DAY = 86_400_000;
const STORAGE = `Storage { Name = Small; Address = small.example; Password = "p"; Device = Disk; Media Type = Small }`;

/** Daily Fulls, each on a Volume of its own. */
async function open(volumes: number) {
  const world = await ConsoleWorld.open(STORAGE);
  const { catalog } = world;
  const { PoolId } = (await findPool(catalog, "Default"))!;
  const { StorageId } = (await findStorage(catalog, "Small"))!;
  for (let day = 1; day <= volumes; day++) {
    const time = catalogTime(world.services.now() - (volumes - day + 1) * DAY);
    const JobTDate = Math.floor(world.services.now() / 1000);
    const times = { StartTime: time, EndTime: time, RealEndTime: time, JobTDate };
    const JobId = await addJob(catalog, { Name: "Save", Type: "B", Level: "F", JobStatus: "T", ClientId: 1, PoolId, ...times });
    const media = { VolumeName: `V-${day}`, MediaType: "Small", PoolId, StorageId, VolStatus: "Full", VolBytes: 5000 } as const;
    const { MediaId } = await createMedia(catalog, media);
    await insertJobMedia(catalog, [{ JobId, MediaId, VolIndex: 1 }]);
  }
  return world;
}

test("the thread plans with what the Director knows now: a Volume that a running job was given stays", async () => {
  await using world = await open(4);
  await using thread = new PlanThread(world.retention);
  const names = async () => {
    const plan = await thread.plan({ storages: ["Small"], steps: 10 }, never);
    return plan.steps.map((step) => (step.kind === "job" ? "job" : step.volume.name));
  };
  assert.deepEqual(await names(), ["V-1", "V-2", "V-3"]);
  world.claims.take("V-2", { jobId: 99, device: "Disk", jobs: 1 });
  assert.deepEqual(await names(), ["V-1", "V-3"]);
  const few = await thread.plan({ storages: ["Small"], steps: 1 }, never);
  assert.deepEqual([few.steps.length, few.end], [1, undefined]);
});

test("a plan that nobody waits for any more is given up, and the catalog goes on", async () => {
  await using world = await open(3);
  for (let round = 0; round < 3; round++) {
    const stop = new AbortController();
    await assert.rejects(async () => {
      await using thread = new PlanThread(world.retention);
      setTimeout(() => stop.abort(new Error("canceled")), round * 100);
      for (;;) await thread.plan({ storages: ["Small"], steps: 1 }, stop.signal);
    }, /canceled/);
  }
  assert.notEqual(await findStorage(world.catalog, "Small"), null);
});

test("a catalog that cannot be opened is told as it would be here", async () => {
  await using world = await open(1);
  const gone = {
    ...world.retention,
    catalog: Object.assign(Object.create(world.catalog), { options: { driver: "sqlite", file: "/nowhere/c.db" } }),
  };
  await using thread = new PlanThread(gone as typeof world.retention);
  await assert.rejects(thread.plan({ storages: ["Small"], steps: 1 }, never), { code: "CATALOG_MISSING" });
});
