import assert from "node:assert/strict";
import { test } from "node:test";
import { fileBatches } from "../testing/file-batches.ts";
import { StorageWorld } from "../testing/storage-world.ts";

test("jobs that wait for one Volume give up at the same time, not one after the other", async () => {
  await using world = await StorageWorld.start();
  world.catalog.maxBytes = 1_000_000;
  world.catalog.volumesMax = 1;
  const requests = [1, 2, 3, 4].map(() => world.appendRequest({ maxWaitS: 3 }));
  for (const request of requests) await world.startJob(request);
  const sent = requests.map(async (request, at) => await world.sendBatches(request, fileBatches(10, 400_000, at)));
  // One after the other they would need twelve seconds.
  const jobs = await Promise.all(requests.map(async (request) => await world.follow(request, AbortSignal.timeout(10_000))));
  for (const job of jobs) {
    assert.equal(job.end.status, "E", job.messages.join("\n"));
    assert.match(job.messages.join("\n"), /no operator helped within the time allowed|could not be/);
  }
  await Promise.allSettled(sent);
});

test("jobs beyond the daemon's Maximum Concurrent Jobs wait and then run", async () => {
  await using world = await StorageWorld.start({ storage: "Maximum Concurrent Jobs = 1" });
  const jobs = await Promise.all([1, 2, 3].map(async (seed) => await world.append(fileBatches(5, 100_000, seed))));
  for (const job of jobs) assert.equal(job.end.status, "T", job.messages.join("\n"));
  const told = jobs
    .flatMap((job) => job.messages)
    .filter((text) => text.includes("the storage daemon runs its most of 1 jobs"));
  assert.ok(told.length >= 1, "nobody was told why it waited");
});
