import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { restoredRecords } from "../testing/restored-records.ts";
import { StorageWorld } from "../testing/storage-world.ts";

test("a job that may not begin on the Volume of others waits until they have left it, and they keep it", async () => {
  await using world = await StorageWorld.start();
  const { catalog } = world;
  const batches = fileBatches(10, 300_000);
  const first = world.appendRequest();
  const session = await world.startJob(first);
  const following = world.follow(first, AbortSignal.timeout(15_000));
  const next = await world.sendSome(first, batches, { from: 0, cutAfter: 3 });
  // The Volume has as many jobs as it may have: no other may begin on it.
  catalog.takesMoreJobs = false;
  const [second, third] = [world.appendRequest(), world.appendRequest()];
  const sending: Promise<unknown>[] = [];
  const ends = [];
  for (const request of [second, third]) {
    await world.startJob(request);
    ends.push(world.follow(request, AbortSignal.timeout(15_000)));
    sending.push(world.sendBatches(request, batches).catch(() => {}));
    await world.untilState(request, "q");
  }
  await world.director.unary(StorageDaemonService.cancelJob, { job: second.job, incomplete: false });
  assert.equal((await ends[0])?.end.status, "A");
  await world.sendSome(first, batches, { from: next, cutAfter: batches.length });
  const saved = { ...(await following), session };
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
  assert.equal(new Set(saved.media.map(({ volume }) => volume)).size, 1);
  const last = await ends[1];
  assert.equal(last?.end.status, "T", last?.messages.join("\n") ?? "");
  assert.notEqual(last?.media[0]?.volume, saved.media[0]?.volume);
  await Promise.all(sending);
});
