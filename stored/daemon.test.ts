import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { StorageWorld, fileBatches } from "./testing/storage-world.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { FollowedJob } from "./testing/storage-world.ts";

function bootstrapOf(job: FollowedJob, session: { readonly volSessionId: number; readonly volSessionTime: number }, more: Partial<BootstrapEntry> = {}) {
  const entries = job.media.map(
    (row): BootstrapEntry => ({
      volume: row.volume,
      mediaType: "File",
      device: "",
      slot: 0,
      ...session,
      addresses: [{ first: row.startFile * 2 ** 32 + row.startBlock, last: row.endFile * 2 ** 32 + row.endBlock }],
      fileIndexes: [{ first: row.firstIndex, last: row.lastIndex }],
      count: 0,
      fileRegex: "",
      jobId: 0,
      streams: [],
      ...more,
    }),
  );
  return { entries };
}

test("a job is appended, told to the Director, and read back byte for byte", async () => {
  await using world = await StorageWorld.start();
  const batches = fileBatches(20, 300_000);
  const saved = await world.append(batches);
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.equal(saved.end.files, 20);
  assert.equal(saved.media.length, 1);
  assert.equal(saved.media[0]?.firstIndex, 1);
  assert.equal(saved.media[0]?.lastIndex, 20);
  const size = (await stat(`${world.volumes}/Vol-0001`)).size;
  assert.equal(saved.media[0]?.endBlock, size - 1);
  assert.equal(world.catalog.volumes.get("Vol-0001")?.bytes, size);
  assert.equal(saved.end.lastVolumeBytes, size);

  const request = world.readRequest(bootstrapOf(saved, saved.session));
  await world.startJob(request);
  const [read, restored] = await Promise.all([world.receive(request), world.follow(request)]);
  assert.deepEqual(read.damages, []);
  assert.ok(read.records.equals(Buffer.concat(batches)), "the records are those that were sent");
  assert.equal(restored.end.status, "T", restored.messages.join("\n"));
  assert.equal(restored.end.files, 20);
});
