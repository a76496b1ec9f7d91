import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { restoredRecords } from "../testing/restored-records.ts";
import { StorageWorld } from "../testing/storage-world.ts";

test("a job that finds no Volume waits for the operator and goes on after the label command", async () => {
  await using world = await StorageWorld.start();
  world.catalog.volumesMax = 0;
  const request = world.appendRequest();
  const session = await world.startJob(request);
  const following = world.follow(request);
  const batches = fileBatches(2, 100_000);
  const sending = world.sendBatches(request, batches);
  await world.untilState(request, "m");
  const label = {
    device: "Disk",
    volume: "Hand-01",
    pool: "Default",
    poolType: "Backup",
    mediaType: "File",
    slot: 0,
    drive: 0,
    oldVolume: "",
    relabel: false,
  };
  world.catalog.add("Hand-01", { labelDate: 1 });
  const replies = await Array.fromAsync(world.director.serverStream(StorageDaemonService.label, label));
  assert.equal(replies.at(-1)?.ok, true, JSON.stringify(replies));
  await sending;
  const saved = { ...(await following), session };
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok(saved.messages.some((text) => text.startsWith('Wrote label to prelabeled Volume "Hand-01"')));
  await assert.rejects(Array.fromAsync(world.director.serverStream(StorageDaemonService.label, label)), {
    code: "VOLUME_EXISTS",
  });
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

const mayMount = process.getuid?.() === 0;
const asRoot = mayMount || process.env.CI === "true" ? {} : { skip: "only root may mount a small file system" };

test(
  "on a full disk no Volume after Volume is made: the job waits for room, and goes on when there is some",
  asRoot,
  async () => {
    await using world = await StorageWorld.start();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", world.volumes]);
    try {
      const request = world.appendRequest();
      const session = await world.startJob(request);
      const following = world.follow(request);
      const batches = fileBatches(10, 300_000);
      const sending = world.sendBatches(request, batches);
      await world.untilState(request, "M");
      assert.ok((await readdir(world.volumes)).length <= 2);
      execFileSync("mount", ["-o", "remount,size=16m", world.volumes]);
      await Array.fromAsync(world.director.serverStream(StorageDaemonService.mount, { device: "Disk", slot: 0, drive: 0 }));
      await sending;
      const saved = { ...(await following), session };
      assert.equal(saved.end.status, "T", saved.messages.join("\n"));
      assert.ok(saved.messages.some((text) => text.includes("has no room for another Volume")));
      assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
    } finally {
      execFileSync("umount", ["-l", world.volumes]);
    }
  },
);

test("where no Volume can be made the job asks for one only, waits, and goes on when it can", asRoot, async () => {
  await using world = await StorageWorld.start();
  execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=16m", "tmpfs", world.volumes]);
  try {
    const request = world.appendRequest();
    await world.startJob(request);
    const following = world.follow(request);
    const sending = world.sendBatches(request, fileBatches(2, 100_000));
    await world.untilState(request, "M");
    execFileSync("mount", ["-o", "remount,rw", world.volumes]);
    await Array.fromAsync(world.director.serverStream(StorageDaemonService.mount, { device: "Disk", slot: 0, drive: 0 }));
    await sending;
    const { end, media, messages } = await following;
    assert.equal(end.status, "T", messages.join("\n"));
    assert.deepEqual(
      media.map((row) => row.volume),
      ["Vol-0001"],
    );
  } finally {
    execFileSync("umount", ["-l", world.volumes]);
  }
});

test("jobs on a device that finds no next Volume all wait, and each can be canceled", async () => {
  await using world = await StorageWorld.start();
  world.catalog.maxBytes = 1_000_000;
  world.catalog.volumesMax = 1;
  const requests = [1, 2, 3].map(() => world.appendRequest());
  for (const request of requests) await world.startJob(request);
  const following = requests.map((request) => world.follow(request));
  const sending = requests.map((request, index) => world.sendBatches(request, fileBatches(10, 300_000, index)));
  for (const request of requests) await world.untilState(request, "m");
  for (const request of requests) {
    await world.director.unary(StorageDaemonService.cancelJob, { job: request.job, incomplete: false });
  }
  for (const job of await Promise.all(following)) assert.equal(job.end.status, "A", job.messages.join("\n"));
  for (const reply of await Promise.all(sending)) assert.equal(reply?.failed, "the job was canceled");
});

test("a job that waits because the Volume takes no more jobs goes on when the device has another Volume", async () => {
  await using world = await StorageWorld.start();
  world.catalog.add("Vol-0001", { maxJobs: 1, maxBytes: 1_000_000 });
  world.catalog.add("Vol-0002", { maxJobs: 2 });
  const [first, second] = [world.appendRequest(), world.appendRequest()];
  const batches = fileBatches(30, 300_000);
  await world.startJob(first);
  const ending = world.follow(first);
  await world.sendSome(first, batches, { from: 0, cutAfter: 1 });
  await world.startJob(second);
  const following = world.follow(second, AbortSignal.timeout(10_000));
  await world.untilState(second, "q");
  await world.sendSome(first, batches, { from: 1, cutAfter: batches.length - 3 });
  void world.sendBatches(second, fileBatches(2, 1000)).catch(() => {});
  const { end, media, messages } = await following;
  assert.equal(end.status, "T", messages.join("\n"));
  assert.deepEqual(
    media.map((row) => row.volume),
    ["Vol-0002"],
  );
  await world.director.unary(StorageDaemonService.cancelJob, { job: first.job, incomplete: false });
  assert.equal((await ending).end.status, "A");
});

test("a job whose file daemon does not come ends as an error", async () => {
  await using world = await StorageWorld.start({ storage: "Client Connect Wait = 1;" });
  const request = world.appendRequest();
  await world.startJob(request);
  const job = await world.follow(request);
  assert.equal(job.end.status, "E");
  assert.ok(
    job.messages.some((text) => text.includes("did not connect within 1 seconds")),
    job.messages.join("\n"),
  );
});
