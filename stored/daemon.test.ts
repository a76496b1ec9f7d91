import assert from "node:assert/strict";
import { appendFile, open, readdir, stat, truncate } from "node:fs/promises";
import { test } from "node:test";
import { BatchBuilder } from "#lib/wire/record.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "./testing/file-batches.ts";
import { entriesOf, restoredRecords } from "./testing/restored-records.ts";
import { StorageWorld } from "./testing/storage-world.ts";

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

  const request = world.readRequest({ entries: entriesOf(saved) });
  await world.startJob(request);
  const [read, restored] = await Promise.all([world.receive(request), world.follow(request)]);
  assert.deepEqual(read.damages, []);
  assert.ok(read.records.equals(Buffer.concat(batches)), "the records are those that were sent");
  assert.equal(restored.end.status, "T", restored.messages.join("\n"));
  assert.equal(restored.end.files, 20);
});

test("a job goes on over Volumes that are full, and comes back whole", async () => {
  await using world = await StorageWorld.start();
  world.catalog.maxBytes = 1_000_000;
  const batches = fileBatches(12, 400_000);
  const saved = await world.append(batches);
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  const names = saved.media.map((row) => row.volume);
  assert.deepEqual(names, ["Vol-0001", "Vol-0002", "Vol-0003", "Vol-0004", "Vol-0005"]);
  assert.deepEqual(
    [...world.catalog.volumes.values()].map((row) => row.status),
    ["Full", "Full", "Full", "Full", "Append"],
  );
  for (const row of world.catalog.volumes.values()) {
    assert.ok(row.bytes <= 1_000_000);
    assert.equal(row.jobs, 1);
    assert.equal(row.bytes, (await stat(`${world.volumes}/${row.volume}`)).size);
  }
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("jobs that run at the same time share the Volumes of a device, and each comes back whole", async () => {
  await using world = await StorageWorld.start();
  world.catalog.maxBytes = 3_000_000;
  const all = [1, 2, 3].map((seed) => fileBatches(10, 250_000, seed));
  const saved = await Promise.all(all.map((batches) => world.append(batches)));
  const sessions = new Set(saved.map((job) => job.session.volSessionId));
  assert.equal(sessions.size, 3);
  for (const [index, job] of saved.entries()) {
    assert.equal(job.end.status, "T", job.messages.join("\n"));
    assert.ok((await restoredRecords(world, job)).equals(Buffer.concat(all[index] ?? [])), `job ${index}`);
  }
});

test("attributes are told in order, spooled or not, and are the same", async () => {
  await using world = await StorageWorld.start();
  const batches = fileBatches(3000, 50);
  const direct = await world.append(batches, { spoolAttributes: false });
  const spooled = await world.append(batches, { spoolAttributes: true });
  assert.equal(direct.attributes.byteLength, spooled.attributes.byteLength);
  assert.ok(direct.attributes.equals(spooled.attributes));
  assert.equal([...readBatchOf(direct.attributes)].length, 6000);
  assert.ok(spooled.messages.some((text) => text.startsWith("Sending spooled attrs to the Director. Despooling ")));
  const firstAttributes = spooled.events.findIndex(({ event }) => event?.$case === "attributes");
  const media = spooled.events.findIndex(({ event }) => event?.$case === "jobMedia");
  assert.ok(media < firstAttributes, "spooled attributes come when the data is on the medium");
  assert.deepEqual(
    (await readdir(world.dir.file("work"))).filter((name) => name.endsWith(".spool")),
    [],
  );
});

function* readBatchOf(bytes: Buffer) {
  for (let at = 0; at < bytes.byteLength; at += 12 + bytes.readUInt32BE(at + 8)) yield bytes.readInt32BE(at);
}

test("a file daemon whose connection is cut goes on where the storage daemon is", async () => {
  await using world = await StorageWorld.start();
  const batches = fileBatches(20, 300_000);
  const request = world.appendRequest();
  const session = await world.startJob(request);
  const following = world.follow(request);
  let next = 0;
  // However quickly the storage daemon acknowledges, the last of four streams does not come to the last batch.
  const cutAfter = Math.floor((batches.length - 1) / 4);
  for (let cut = 0; cut < 4; cut += 1) next = await world.sendSome(request, batches, { from: next, cutAfter });
  assert.ok(next > 0 && next < batches.length);
  await world.sendSome(request, batches, { from: next, cutAfter: batches.length });
  const saved = { ...(await following), session };
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("a canceled job ends as canceled, and the next job appends behind it", async () => {
  await using world = await StorageWorld.start();
  const request = world.appendRequest();
  await world.startJob(request);
  const following = world.follow(request);
  await world.sendSome(request, fileBatches(20, 300_000), { from: 0, cutAfter: 4 });
  await world.director.unary(StorageDaemonService.cancelJob, { job: request.job, incomplete: false });
  assert.equal((await following).end.status, "A");
  const batches = fileBatches(5, 300_000, 2);
  const saved = await world.append(batches);
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.deepEqual(
    saved.media.map((row) => row.volume),
    ["Vol-0001"],
  );
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("who does not have the job's key learns nothing", async () => {
  await using world = await StorageWorld.start();
  const request = world.appendRequest();
  await world.startJob(request);
  await assert.rejects(world.sendBatches({ ...request, key: Buffer.alloc(32, 9) }, fileBatches(1, 10)), {
    code: "JOB_KEY_WRONG",
  });
  await assert.rejects(world.sendBatches({ ...request, job: { job: "Other.2026-01-01_00.00.00_01", jobId: 1 } }, []), {
    code: "JOB_KEY_WRONG",
  });
});

test("records that only the storage daemon may write end the job", async () => {
  await using world = await StorageWorld.start();
  const forged = new BatchBuilder();
  forged.append(-4, 1, new Uint8Array(100));
  const saved = await world.append([forged.take()]);
  assert.equal(saved.end.status, "E");
  assert.ok(saved.messages.some((text) => text.includes("may not follow")));
});

test("a batch without a record ends the job", async () => {
  await using world = await StorageWorld.start();
  const saved = await world.append([...fileBatches(2, 300_000), new Uint8Array(0)]);
  assert.equal(saved.end.status, "E");
  assert.ok(
    saved.messages.some((text) => text.includes("without a record")),
    saved.messages.join("\n"),
  );
});

test("a Volume that is shorter than the catalog says is marked Error, and another one is taken", async () => {
  await using world = await StorageWorld.start();
  await world.append(fileBatches(5, 300_000));
  await truncate(`${world.volumes}/Vol-0001`, 500_000);
  const saved = await world.append(fileBatches(5, 300_000));
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.equal(world.catalog.volumes.get("Vol-0001")?.status, "Error");
  assert.deepEqual(
    saved.media.map((row) => row.volume),
    ["Vol-0002"],
  );
  assert.ok(
    saved.messages.some((text) => /The sizes do not match! Volume=500000 Catalog=150\d{4}/.test(text)),
    saved.messages.join("\n"),
  );
});

test("what lies behind the catalog's end is kept, and only an unfinished block is cut off", async () => {
  await using world = await StorageWorld.start();
  const first = fileBatches(5, 300_000);
  const saved = await world.append(first);
  const row = world.catalog.volumes.get("Vol-0001");
  assert.ok(row);
  const known = { ...row };
  const second = await world.append(fileBatches(3, 300_000, 2));
  // As after a crash: the catalog has not heard of the second job, and a block was half written.
  world.catalog.volumes.set("Vol-0001", known);
  await appendFile(`${world.volumes}/Vol-0001`, Buffer.alloc(1000, 1));
  const batches = fileBatches(4, 300_000, 3);
  const third = await world.append(batches);
  assert.equal(third.end.status, "T", third.messages.join("\n"));
  assert.ok(third.messages.some((text) => text.includes("1000 bytes of an unfinished block were cut off")));
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(first)));
  assert.ok((await restoredRecords(world, second)).equals(Buffer.concat(fileBatches(3, 300_000, 2))));
  assert.ok((await restoredRecords(world, third)).equals(Buffer.concat(batches)));
});

test("after a restart a job that was running is ended in its log as failed", async () => {
  await using world = await StorageWorld.start();
  const request = world.appendRequest();
  await world.startJob(request);
  await world.abandonDaemon();
  await world.up();
  const job = await world.follow(request);
  assert.equal(job.end.status, "f");
  assert.ok(job.messages.some((text) => text.includes("restarted while the job was running")));
});

test("damage is named, the rest is read, and the job is an error", async () => {
  await using world = await StorageWorld.start();
  const saved = await world.append(fileBatches(10, 300_000));
  const file = await open(`${world.volumes}/Vol-0001`, "r+");
  await file.write(Buffer.from("damage"), 0, 6, 1_000_000);
  await file.close();
  const request = world.readRequest({ entries: entriesOf(saved) });
  await world.startJob(request);
  const [read, job] = await Promise.all([world.receive(request), world.follow(request)]);
  assert.equal(job.end.status, "E");
  assert.ok(read.damages[0]?.includes('Volume "Vol-0001" at address '), read.damages.join("\n"));
  assert.ok(read.damages[0]?.includes("checksum"));
  assert.ok(read.records.byteLength > 2_800_000);
  assert.ok(job.messages.some((text) => text.includes("checksum")));
});

test("a device with no open Volume is already unmounted, and jobs that come run", async () => {
  await using world = await StorageWorld.start();
  const device = { device: "Disk", slot: 0, drive: 0 };
  const unmount = async () => await Array.fromAsync(world.director.serverStream(StorageDaemonService.unmount, device));
  const [told] = await unmount();
  assert.match(told?.line ?? "", /^3901 Device "Disk" \(.+\) is already unmounted\.$/);
  assert.equal(told?.ok, true);
  const request = world.appendRequest();
  await world.startJob(request);
  const following = world.follow(request);
  const batches = fileBatches(10, 300_000);
  const from = await world.sendSome(request, batches, { from: 0, cutAfter: 3 });
  assert.match((await unmount())[0]?.line ?? "", /^3937 .+ is busy with writers=1\.$/);
  await world.sendSome(request, batches, { from, cutAfter: batches.length });
  const job = await following;
  assert.equal(job.end.status, "T", job.messages.join("\n"));
});

test("status shows jobs, devices and the process", async () => {
  await using world = await StorageWorld.start();
  const request = world.appendRequest();
  await world.startJob(request);
  void world.follow(request).catch(() => {});
  await world.sendSome(request, fileBatches(10, 300_000), { from: 0, cutAfter: 3 });
  const { lines } = await world.director.unary(StorageDaemonService.status, { sections: [], api: false });
  const text = lines.join("\n");
  for (const part of [
    "test-sd Version: ",
    "Running Jobs:",
    "Writing: Full Backup job Save JobId=1",
    "Device status:",
    "Used Volume status:",
    "Terminated Jobs:",
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`);
  }
  const api = await world.director.unary(StorageDaemonService.status, { sections: ["header"], api: true });
  assert.ok(api.lines.includes(`pid=${process.pid}`));
});

test("JobMedia rows join without a gap at the boundary of Maximum File Size", async () => {
  await using world = await StorageWorld.start({ device: "Maximum File Size = 1000000;" });
  const batches = fileBatches(20, 300_000);
  const saved = await world.append(batches);
  assert.ok(saved.media.length >= 5, String(saved.media.length));
  for (const [at, row] of saved.media.entries()) {
    const before = saved.media[at - 1];
    if (before === undefined) continue;
    assert.equal(row.startBlock, before.endBlock + 1);
    assert.ok(row.firstIndex === before.lastIndex || row.firstIndex === before.lastIndex + 1);
  }
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("a restore whose connection is cut goes on behind what was received", async () => {
  await using world = await StorageWorld.start();
  const batches = fileBatches(40, 300_000);
  const saved = await world.append(batches);
  const request = world.readRequest({ entries: entriesOf(saved) });
  await world.startJob(request);
  const following = world.follow(request);
  const parts: Buffer[] = [];
  while (parts.length < 9) parts.push(...(await world.receiveSome(request, { received: parts.length, cutAfter: 3 })));
  const rest = await world.receive(request, parts.length);
  assert.ok(Buffer.concat([...parts, rest.records]).equals(Buffer.concat(batches)));
  assert.equal((await following).end.status, "T");
});

test("a job to a Null device ends well and keeps nothing", async () => {
  await using world = await StorageWorld.start({
    more: "Device { Name = Nothing; Media Type = Null; Device Type = Null; Archive Device = /dev/null }",
  });
  world.catalog.add("Null-01", { mediaType: "Null" });
  for (const _turn of [1, 2]) {
    const saved = await world.append(fileBatches(5, 300_000), { devices: ["Nothing"], mediaType: "Null" });
    assert.equal(saved.end.status, "T", saved.messages.join("\n"));
    assert.equal(saved.end.files, 5);
  }
  assert.deepEqual(await readdir(world.volumes), []);
});

test("a job of another Pool takes the other drive of an Autochanger", async () => {
  const drive = (name: string) =>
    `Device { Name = ${name}; Media Type = File; Device Type = File; Archive Device = "@volumes@"; LabelMedia = yes }`;
  await using world = await StorageWorld.start({
    more: `Autochanger { Name = Changer; Device = Drive-0, Drive-1; Changer Device = /dev/null; Changer Command = "" } ${drive("Drive-0")} ${drive("Drive-1")}`,
  });
  const first = world.appendRequest({ devices: ["Changer"] });
  await world.startJob(first);
  void world.follow(first).catch(() => {});
  await world.sendSome(first, fileBatches(10, 300_000), { from: 0, cutAfter: 3 });
  const other = await world.append(fileBatches(3, 100_000), {
    devices: ["Changer"],
    work: { $case: "append", value: { pool: "Other", poolType: "Backup", catalogFiles: true } },
  });
  assert.equal(other.end.status, "T", other.messages.join("\n"));
  assert.ok(other.messages.includes('Using Device "Drive-1" to write.'), other.messages.join("\n"));
  assert.deepEqual(
    other.media.map((row) => row.volume),
    ["Vol-0002"],
    "a Volume is appended to on one device only",
  );
});
