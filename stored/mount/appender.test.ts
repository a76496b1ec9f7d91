import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { restoredRecords } from "../testing/restored-records.ts";
import { StorageWorld } from "../testing/storage-world.ts";

test("jobs whose Volume is left for a job that comes get another one, also if that job is canceled while it waits", async () => {
  await using world = await StorageWorld.start();
  const { catalog } = world;
  catalog.volumesMax = 1;
  const batches = fileBatches(10, 300_000);
  const first = world.appendRequest();
  const session = await world.startJob(first);
  const following = world.follow(first, AbortSignal.timeout(15_000));
  const next = await world.sendSome(first, batches, { from: 0, cutAfter: 3 });
  // The Volume has as many jobs as it may have: no other may begin on it.
  catalog.takesMoreJobs = false;
  const second = world.appendRequest();
  await world.startJob(second);
  const canceled = world.follow(second, AbortSignal.timeout(15_000));
  const sending = world.sendBatches(second, batches).catch(() => {});
  await world.untilState(second, "m");
  await world.director.unary(StorageDaemonService.cancelJob, { job: second.job, incomplete: false });
  assert.equal((await canceled).end.status, "A");
  await sending;
  catalog.volumesMax = 10;
  await world.sendSome(first, batches, { from: next, cutAfter: batches.length });
  const saved = { ...(await following), session };
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});
