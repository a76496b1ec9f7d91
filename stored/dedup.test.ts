import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StorageDaemonService } from "#proto/stored.ts";
import { ChunkConnection, filesOf, frameOf, idsOf, listOf, saveChunks } from "./testing/chunk-client.ts";
import { entriesOf } from "./testing/restored-records.ts";
import { care, dedupWorld } from "./testing/dedup-world.ts";
import { StorageWorld } from "./testing/storage-world.ts";
import { BatchBuilder } from "#lib/wire/record.ts";
import type { FollowedJob } from "./testing/storage-world.ts";
import type { StartStorageJobRequest } from "#proto/stored.ts";

const DEDUP = "Device Type = Dedup";

type SavedJob = FollowedJob & {
  readonly session: { readonly volSessionId: number; readonly volSessionTime: number };
  readonly sent: number;
  readonly asked: number;
};

/** Saves these files in a job of its own. */
async function save(
  world: StorageWorld,
  files: readonly Uint8Array[],
  more: Partial<StartStorageJobRequest> = {},
): Promise<SavedJob> {
  const request = world.appendRequest(more);
  const session = await world.startJob(request);
  const [followed, stream] = await Promise.all([world.follow(request), saveChunks(world, request, files)]);
  return { ...followed, session, sent: stream.sent, asked: stream.asked };
}

/** Reads a job back: its files by FileIndex, damages, and how the job ended. */
async function restore(world: StorageWorld, saved: SavedJob) {
  const request = world.readRequest({ entries: entriesOf(saved) });
  await world.startJob(request);
  const [read, job] = await Promise.all([world.receive(request), world.follow(request)]);
  return { files: filesOf(read.records), damages: read.damages, status: job.end.status };
}

function assertWhole(found: Awaited<ReturnType<typeof restore>>, files: readonly Uint8Array[]): void {
  assert.deepEqual(found.damages, []);
  assert.equal(found.status, "T");
  for (const [index, file] of files.entries())
    if (file.byteLength > 0) assert.ok(found.files.get(index + 1)?.data.equals(file), `file ${index + 1}`);
}

const someFiles = () => [
  randomBytes(1_250_000),
  Buffer.alloc(700_000, "text that packs well, "),
  Buffer.alloc(0),
  randomBytes(10),
  randomBytes(20_000_000),
];

test("files are saved as chunks, told in numbers, and come back byte for byte", async () => {
  await using world = await dedupWorld();
  const files = someFiles();
  const saved = await save(world, files);
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.equal(saved.sent, saved.asked);
  const { dedup } = saved.end;
  assert.equal(dedup?.chunks, saved.asked);
  assert.equal(
    dedup?.fileBytes,
    files.reduce((sum, file) => sum + file.byteLength, 0),
  );
  assert.equal(dedup?.method, "zstd 3");
  assert.ok(dedup!.storedBytes > 20_000_000 && dedup!.storedBytes < 22_000_000, String(dedup!.storedBytes));
  assertWhole(await restore(world, saved), files);
  const told = saved.events.flatMap(({ event }) => (event?.$case === "volume" ? [event.value.volType] : []));
  assert.deepEqual([...new Set(told)], [15]);
});

test("a second job with the same files sends nothing, and is whole though the first is forgotten", async () => {
  await using world = await dedupWorld();
  const files = someFiles();
  const first = await save(world, files);
  const second = await save(world, files);
  assert.equal(second.end.status, "T", second.messages.join("\n"));
  assert.equal(second.sent, 0);
  assert.equal(second.end.dedup?.newChunks, 0);
  const { forgotten } = await world.director.unary(StorageDaemonService.forgetSessions, {
    device: "Disk",
    sessions: [{ ...first.session, volume: "Vol-0001" }],
  });
  assert.equal(forgotten, 1);
  const { ok, lines } = await care(world, "vacuum");
  assert.ok(ok, lines.join("\n"));
  assertWhole(await restore(world, second), files);
});

test("after a restart everything is there, and jobs go on", async () => {
  await using world = await dedupWorld();
  const files = someFiles();
  const saved = await save(world, files);
  await world.down();
  await world.up();
  assertWhole(await restore(world, saved), files);
  const again = await save(world, files);
  assert.equal(again.sent, 0);
  assertWhole(await restore(world, again), files);
});

test("a device without a store refuses jobs and labels and says what to do; one cannot be made twice", async () => {
  await using world = await StorageWorld.start({ device: DEDUP });
  const request = world.appendRequest();
  await world.startJob(request);
  const { end, messages } = await world.follow(request);
  assert.equal(end.status, "E");
  assert.match(messages.join("\n"), /dedup init|--init/);
  assert.deepEqual(readdirSync(world.volumes), []);
  assert.equal((await care(world, "init")).ok, true);
  await assert.rejects(care(world, "init"), /a store already/);
  assert.equal((await save(world, someFiles())).end.status, "T");
});

test("jobs that run at the same time share chunks, and each comes back whole", async () => {
  await using world = await dedupWorld();
  const shared = randomBytes(3_000_000);
  const all = [1, 2, 3].map(() => [shared, randomBytes(2_000_000)]);
  const saved = await Promise.all(all.map((files) => save(world, files)));
  for (const [index, job] of saved.entries()) {
    assert.equal(job.end.status, "T", job.messages.join("\n"));
    assertWhole(await restore(world, job), all[index] ?? []);
  }
  const stored = saved.reduce((sum, job) => sum + job.end.dedup!.newBytes, 0);
  assert.equal(stored, 3_000_000 + 3 * 2_000_000);
});

test("a stream that is cut goes on: chunks and records in one numbering, nothing lost or doubled", async () => {
  await using world = await dedupWorld();
  const file = randomBytes(800_000);
  const request = world.appendRequest();
  const session = await world.startJob(request);
  const following = world.follow(request);
  {
    await using stream = await ChunkConnection.open(world, request);
    for (let at = 0; at < 3; at += 1)
      await stream.write({ $case: "chunks", value: frameOf(file.subarray(at * 100_000, (at + 1) * 100_000)) });
    await stream.untilAcknowledged(3);
  }
  {
    await using stream = await ChunkConnection.open(world, request);
    assert.equal(stream.acknowledged, 3);
    for (let at = 3; at < 8; at += 1)
      await stream.write({ $case: "chunks", value: frameOf(file.subarray(at * 100_000, (at + 1) * 100_000)) });
    const builder = new BatchBuilder();
    builder.append(1, 1600, listOf(file));
    await stream.write({ $case: "records", value: Buffer.from(builder.take()) });
    await stream.untilAcknowledged(9);
    await stream.write({ $case: "end", value: { batches: 9, status: "T", errors: 0 } });
    assert.equal((await stream.end())?.ended, true);
  }
  const followed = await following;
  assert.equal(followed.end.status, "T", followed.messages.join("\n"));
  assertWhole(await restore(world, { ...followed, session, sent: 0, asked: 0 }), [file]);
});

test("sessions that are there can be held, others not", async () => {
  await using world = await dedupWorld();
  const saved = await save(world, someFiles());
  const request = world.appendRequest();
  await world.startJob(request);
  const following = world.follow(request);
  await using stream = await ChunkConnection.open(world, request);
  assert.equal(stream.offer?.identity, "sha256");
  assert.equal(stream.offer?.domain, "all");
  const held = await stream.hold([saved.session, { ...saved.session, volSessionId: 99 }]);
  assert.deepEqual(held, [true, false]);
  await stream.write({ $case: "end", value: { batches: 0, status: "T", errors: 0 } });
  assert.equal((await stream.end())?.ended, true);
  assert.equal((await following).end.status, "T");
});

/** A job that does one thing wrong; how it ends. */
async function spoiled(work: (stream: ChunkConnection) => Promise<void>): Promise<string> {
  await using world = await dedupWorld();
  const request = world.appendRequest();
  await world.startJob(request);
  const following = world.follow(request);
  await using stream = await ChunkConnection.open(world, request);
  await work(stream).catch(() => {});
  const { end, messages } = await following;
  assert.equal(end.status, "E");
  // The store takes no harm, and the next job is well.
  const next = await save(world, someFiles());
  assert.equal(next.end.status, "T", next.messages.join("\n"));
  return messages.join("\n");
}

test("a chunk that is not what it says fails the job, which names it", async () => {
  const frame = Buffer.from(frameOf(randomBytes(50_000)));
  const id = frame.subarray(16, 48).toString("hex");
  const flipped = Buffer.from(frame);
  flipped[3000]! ^= 1;
  assert.match(await spoiled(async (stream) => await stream.write({ $case: "chunks", value: flipped })), new RegExp(id));
});

test("frames that do not add up, chunks that are too long, and questions that are none fail the job", async () => {
  const frame = frameOf(randomBytes(50_000));
  assert.match(
    await spoiled(async (stream) => await stream.write({ $case: "chunks", value: frame.subarray(0, 40_000) })),
    /a run of chunks cannot be read/,
  );
  assert.match(
    await spoiled(async (stream) => await stream.write({ $case: "chunks", value: frameOf(randomBytes(900_000)) })),
    /the store takes at most 786432/,
  );
  assert.match(
    await spoiled(async (stream) => await stream.write({ $case: "ask", value: Buffer.alloc(33) })),
    /asks for chunks/,
  );
});

test("references to chunks that are not there fail the job", async () => {
  const text = await spoiled(async (stream) => {
    const builder = new BatchBuilder();
    builder.append(1, 1600, listOf(randomBytes(300_000)));
    await stream.write({ $case: "records", value: Buffer.from(builder.take()) });
    await stream.write({ $case: "end", value: { batches: 1, status: "T", errors: 0 } });
    await stream.end();
  });
  assert.match(text, /chunk/i);
});

test("a list of chunks on a device without a store, and a chunk as a record, end the job", async () => {
  await using world = await StorageWorld.start();
  const builder = new BatchBuilder();
  builder.append(1, 1600, listOf(randomBytes(1000)));
  const saved = await world.append([builder.take()]);
  assert.equal(saved.end.status, "E");
  assert.match(saved.messages.join("\n"), /stream 1600/);
});

test("a damaged container costs the chunks in it only: they are named, the rest comes back", async () => {
  await using world = await dedupWorld();
  const files = [randomBytes(500_000), randomBytes(500_000), randomBytes(500_000)];
  const saved = await save(world, files);
  await world.down();
  const root = join(world.volumes, "@chunks/all/containers");
  const [container = ""] = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ncc"));
  const bytes = readFileSync(join(root, container));
  const at = bytes.indexOf(files[1]!.subarray(200_000, 200_100));
  bytes[at]! ^= 1;
  writeFileSync(join(root, container), bytes);
  await world.up();
  const found = await restore(world, saved);
  assert.equal(found.damages.length, 1);
  assert.match(
    found.damages[0]!,
    new RegExp(`FileIndex 2: 100000 bytes at 200000 .*${idsOf(files[1]!).subarray(64, 96).toString("hex")}`),
  );
  assert.equal(found.status, "E");
  assert.deepEqual(
    [1, 2, 3].map((index) => found.files.get(index)?.isDamaged),
    [false, true, false],
  );
});

test("a Volume that is labeled anew gives up its sessions in the store", async () => {
  await using world = await dedupWorld();
  const saved = await save(world, someFiles());
  assert.equal(saved.end.status, "T");
  const row = world.catalog.volumes.get("Vol-0001")!;
  world.catalog.volumes.set("Vol-0001", { ...row, status: "Recycle" });
  const again = await save(world, [randomBytes(1000)]);
  assert.equal(again.end.status, "T", again.messages.join("\n"));
  assert.match(again.messages.join("\n"), /Recycled volume "Vol-0001"/);
  const names = readdirSync(join(world.volumes, "@chunks/all/sessions")).filter((name) => name.endsWith(".refs"));
  assert.equal(names.length, 1);
});

test("the status tells of a device's store: none, not opened, or its size", async () => {
  await using world = await StorageWorld.start({ device: DEDUP });
  const status = async () => {
    const request = { sections: ["devices"], api: false };
    return (await world.director.unary(StorageDaemonService.status, request)).lines.join("\n");
  };
  assert.match(await status(), /Store: none in .*dedup init/);
  await care(world, "init");
  assert.match(await status(), /Store: 0B in 0 containers, 0 chunks/);
  await save(world, [randomBytes(250_000)]);
  assert.match(await status(), /Available Space=.*\n {3}Store: 25\d\.\d KB in 1 containers, 3 chunks/);
  await world.down();
  await world.up();
  assert.match(await status(), /Store: not opened since/);
});

test("a job whose client's half failed leaves nothing in the store, whatever it had sent", async () => {
  await using world = await dedupWorld();
  const request = world.appendRequest();
  await world.startJob(request);
  const following = world.follow(request);
  const file = randomBytes(300_000);
  await using stream = await ChunkConnection.open(world, request);
  for (let at = 0; at < 3; at += 1)
    await stream.write({ $case: "chunks", value: frameOf(file.subarray(at * 100_000, (at + 1) * 100_000)) });
  const builder = new BatchBuilder();
  builder.append(1, 1600, listOf(file));
  await stream.write({ $case: "records", value: Buffer.from(builder.take()) });
  await stream.write({ $case: "end", value: { batches: 4, status: "f", errors: 1 } });
  assert.equal((await stream.end())?.ended, true);
  await following;
  assert.deepEqual(readdirSync(join(world.volumes, "@chunks/all/sessions")), []);
  const { lines } = await care(world, "vacuum");
  assert.deepEqual(
    readdirSync(join(world.volumes, "@chunks/all/containers"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ncc"),
    ),
    [],
    lines.join("\n"),
  );
});
