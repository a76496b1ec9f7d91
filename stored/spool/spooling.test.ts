import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { must } from "#lib/base/assert.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { restoredRecords } from "../testing/restored-records.ts";
import { StorageWorld } from "../testing/storage-world.ts";
import { DataSpool } from "./data-spool.ts";
import { SpoolBudget } from "./spool-budget.ts";

async function spoolFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(".spool"));
}

/** A world whose device spools into a directory of its own. */
async function spoolingWorld(device: string): Promise<{ world: StorageWorld; spool: TempDir } & AsyncDisposable> {
  const spool = await TempDir.make();
  const world = await StorageWorld.start({ device: `Spool Directory = "${spool.path}"; ${device}` });
  return {
    world,
    spool,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await spool[Symbol.asyncDispose]();
    },
  };
}

test("data is collected, written in runs of the job's limit, and comes back byte for byte", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 2M; Maximum Spool Size = 100M");
  const { world, spool } = made;
  const batches = fileBatches(30, 300_000);
  const saved = await world.append(batches, { spoolData: true });
  const text = saved.messages.join("\n");
  assert.equal(saved.end.status, "T", text);
  assert.equal(saved.messages.filter((line) => line === "Spooling data ...").length, 1, text);
  assert.ok(saved.messages.filter((line) => line === "Spooling data again ...").length >= 2, text);
  assert.match(text, /User specified Job spool size reached: JobSpoolSize=[\d,]+ MaxJobSpoolSize=2,097,152/);
  assert.match(text, /Writing spooled data to Volume\. Despooling [\d,]+ bytes \.\.\./);
  assert.match(text, /Committing spooled data to Volume "Vol-0001"\. Despooling [\d,]+ bytes \.\.\./);
  assert.match(text, /Despooling elapsed time = 00:00:\d\d, Transfer rate = [\d.]+ [KMG]? ?Bytes\/second/);
  assert.deepEqual(await spoolFiles(spool.path), []);
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("a job's own spool size goes before that of the device", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 1G");
  const saved = await made.world.append(fileBatches(10, 300_000), { spoolData: true, spoolBytes: 1_500_000 });
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.match(saved.messages.join("\n"), /MaxJobSpoolSize=1,500,000/);
});

test("runs of jobs that spool at the same time are not mixed, and each comes back whole", async () => {
  await using made = await spoolingWorld("Maximum Spool Size = 3M");
  const { world, spool } = made;
  const all = [1, 2, 3].map((seed) => fileBatches(16, 250_000, seed));
  const saved = await Promise.all(all.map((batches) => world.append(batches, { spoolData: true })));
  assert.match(
    saved.map((job) => job.messages.join("\n")).join("\n"),
    /User specified Device spool size reached: DevSpoolSize=/,
  );
  for (const [index, job] of saved.entries()) {
    assert.equal(job.end.status, "T", job.messages.join("\n"));
    assert.ok((await restoredRecords(world, job)).equals(Buffer.concat(must(all[index], "batches"))), `job ${index}`);
  }
  assert.deepEqual(await spoolFiles(spool.path), []);
});

test("a job without spooling and one with it share a device", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 1M");
  const { world } = made;
  const one = fileBatches(10, 250_000, 1);
  const two = fileBatches(10, 250_000, 2);
  const [spooled, direct] = await Promise.all([world.append(one, { spoolData: true }), world.append(two)]);
  assert.ok((await restoredRecords(world, spooled)).equals(Buffer.concat(one)));
  assert.ok((await restoredRecords(world, direct)).equals(Buffer.concat(two)));
});

test("a run goes on over Volumes that are full", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 3M");
  const { world } = made;
  world.catalog.maxBytes = 1_000_000;
  const batches = fileBatches(20, 300_000);
  const saved = await world.append(batches, { spoolData: true });
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok(saved.media.length >= 6);
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("a client whose connection is cut while data is spooled goes on where the storage daemon is", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 2M");
  const { world } = made;
  const batches = fileBatches(60, 300_000);
  const request = world.appendRequest({ spoolData: true });
  const session = await world.startJob(request);
  const following = world.follow(request);
  let next = 0;
  for (let cut = 0; cut < 4; cut += 1) next = await world.sendSome(request, batches, { from: next, cutAfter: 3 });
  assert.ok(next > 0 && next < batches.length);
  await world.sendSome(request, batches, { from: next, cutAfter: batches.length });
  const saved = { ...(await following), session };
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("attributes of spooled data are told when the data is on the medium, and are the same", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 100k");
  const { world } = made;
  const batches = fileBatches(2000, 100);
  const direct = await world.append(batches);
  const spooled = await world.append(batches, { spoolData: true });
  assert.ok(direct.attributes.equals(spooled.attributes));
  const firstAttributes = spooled.events.findIndex(({ event }) => event?.$case === "attributes");
  const media = spooled.events.findIndex(({ event }) => event?.$case === "jobMedia");
  assert.ok(media >= 0 && media < firstAttributes);
});

test("a canceled job leaves no spool files, and what a former run left is removed", async () => {
  await using made = await spoolingWorld("Maximum Job Spool Size = 100M");
  const { world, spool } = made;
  const request = world.appendRequest({ spoolData: true });
  await world.startJob(request);
  const following = world.follow(request);
  await world.sendSome(request, fileBatches(10, 300_000), { from: 0, cutAfter: 3 });
  assert.equal((await spoolFiles(spool.path)).length, 1);
  await world.director.unary(StorageDaemonService.cancelJob, {
    job: request.job,
    incomplete: false,
  });
  assert.equal((await following).end.status, "A");
  assert.deepEqual(await spoolFiles(spool.path), []);
  await world.down();
  await writeFile(spool.file("test-sd.data.7.Old.2026-01-01_00.00.00_01.Disk.0.spool"), "left by a crash");
  await writeFile(spool.file("other-sd.data.7.Old.2026-01-01_00.00.00_01.Disk.0.spool"), "of another daemon");
  await world.up();
  assert.deepEqual(await spoolFiles(spool.path), ["other-sd.data.7.Old.2026-01-01_00.00.00_01.Disk.0.spool"]);
});

test("where the spool directory is gone the data goes to the Volume as it comes, with a warning", async () => {
  await using made = await spoolingWorld("");
  const { world, spool } = made;
  await rm(spool.path, { recursive: true });
  const batches = fileBatches(10, 300_000);
  const saved = await world.append(batches, { spoolData: true });
  await mkdir(spool.path);
  assert.equal(saved.end.status, "T", saved.messages.join("\n"));
  assert.ok(saved.end.warnings > 0);
  assert.match(saved.messages.join("\n"), /The spool has no room for the job's data: it goes to the Volume as it comes/);
  assert.ok((await restoredRecords(world, saved)).equals(Buffer.concat(batches)));
});

test("a batch larger than the limit passes, and never more than the limit is collected", async () => {
  await using dir = await TempDir.make();
  const budget = new SpoolBudget({ bytesMax: 1000, jobBytesMax: 0 });
  const written: number[] = [];
  const taken: number[] = [];
  let peak = 0;
  await using spool = new DataSpool({
    path: (segment) => dir.file(String(segment)),
    bytesMax: 0,
    budget,
    target: {
      append: (number) => {
        peak = Math.max(peak, budget.bytes);
        written.push(number);
        setImmediate(() => spool.written(number));
      },
      flush: async () => {},
    },
    voice: { say: () => {}, enter: () => {} },
    volume: () => "V",
    taken: (number) => taken.push(number),
    failed: (error) => assert.fail(error),
    signal: new AbortController().signal,
  });
  const sizes = [300, 300, 300, 2000, 10, 990, 500, 500, 500];
  for (const [index, size] of sizes.entries()) spool.append(index + 1, new Uint8Array(size));
  using _ = await spool.commit();
  assert.deepEqual(
    written,
    sizes.map((_size, index) => index + 1),
  );
  assert.deepEqual(taken, written);
  assert.ok(peak <= 1000, `${peak}`);
  assert.equal(budget.bytes, 0);
});

test("however many files a job's spool has, it holds few of them open; what it gives back is what came", async () => {
  await using dir = await TempDir.make();
  const openFiles = (): string[] =>
    readdirSync("/proc/self/fd")
      .map((fd) => readlinkOr(`/proc/self/fd/${fd}`))
      .filter((path) => path.startsWith(dir.path));
  let openMost = 0;
  let files = 0;
  let sum = 0;
  const count = () => {
    openMost = Math.max(openMost, openFiles().length);
    files = Math.max(files, readdirSync(dir.path).length);
  };
  await using spool = new DataSpool({
    path: (segment) => dir.file(String(segment)),
    bytesMax: 100_000,
    budget: new SpoolBudget({ bytesMax: 0, jobBytesMax: 0 }),
    target: {
      append: (number, batch) => {
        sum += batch[0] ?? 0;
        count();
        setImmediate(() => spool.written(number));
      },
      flush: async () => {},
    },
    voice: { say: () => {}, enter: () => {} },
    volume: () => "V",
    taken: count,
    failed: (error) => assert.fail(error),
    signal: new AbortController().signal,
  });
  for (let number = 1; number <= 100; number++) spool.append(number, new Uint8Array(5000).fill(number));
  using _ = await spool.commit();
  assert.equal(sum, 5050);
  assert.ok(files >= 8, `${files} files`);
  assert.ok(openMost <= 3, `${openMost} of ${files} files were open`);
});

function readlinkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}
