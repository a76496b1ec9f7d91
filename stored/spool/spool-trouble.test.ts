import assert from "node:assert/strict";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { fileBatches } from "../testing/file-batches.ts";
import { StorageWorld } from "../testing/storage-world.ts";
import { DataSpool } from "./data-spool.ts";
import { SpoolBudget } from "./spool-budget.ts";
import type { DataSpoolOptions } from "./data-spool.ts";

function dataSpool(dir: TempDir, more: Partial<DataSpoolOptions>): DataSpool {
  return new DataSpool({
    path: (segment) => dir.file(String(segment)),
    bytesMax: 0,
    budget: new SpoolBudget({ bytesMax: 0, jobBytesMax: 0 }),
    target: { append: () => {}, flush: async () => {} },
    voice: { say: () => {}, enter: () => {} },
    volume: () => "V",
    taken: () => {},
    failed: () => {},
    signal: new AbortController().signal,
    ...more,
  });
}

test("a spool is closed though its device hangs in the midst of a run", async () => {
  await using dir = await TempDir.make();
  const isFlushing = Promise.withResolvers<void>();
  const hanging = Promise.withResolvers<void>();
  const flush = async () => {
    isFlushing.resolve();
    await hanging.promise;
  };
  const spool = dataSpool(dir, { bytesMax: 1000, target: { append: () => {}, flush } });
  spool.append(1, new Uint8Array(900));
  spool.append(2, new Uint8Array(900));
  await isFlushing.promise;
  const closed = spool[Symbol.asyncDispose]().then(() => "closed");
  assert.equal(await Promise.race([closed, sleep(60_000, "it waits for the device", { ref: false })]), "closed");
});

test("spool files that cannot be removed cost neither the job nor the room of the others", async () => {
  await using dir = await TempDir.make();
  const budget = new SpoolBudget({ bytesMax: 0, jobBytesMax: 0 });
  const taken = Promise.withResolvers<void>();
  const spool = dataSpool(dir, {
    budget,
    path: (segment) => dir.file("spool", String(segment)),
    taken: () => taken.resolve(),
  });
  await mkdir(dir.file("spool"));
  spool.append(1, new Uint8Array(900));
  await taken.promise;
  // What is under the name of the directory now lets nothing be removed.
  await rename(dir.file("spool"), dir.file("away"));
  await writeFile(dir.file("spool"), "");
  await spool[Symbol.asyncDispose]();
  assert.equal(budget.bytes, 0);
});

test("a canceled job ends though its spool files cannot be removed", async () => {
  await using spool = await TempDir.make();
  await mkdir(spool.file("here"));
  await using world = await StorageWorld.start({ device: `Spool Directory = "${spool.file("here")}"` });
  const request = world.appendRequest({ spoolData: true });
  await world.startJob(request);
  const following = world.follow(request, AbortSignal.timeout(10_000));
  await world.sendSome(request, fileBatches(3, 300_000), { from: 0, cutAfter: 2 });
  await rename(spool.file("here"), spool.file("away"));
  await writeFile(spool.file("here"), "");
  await world.director.unary(StorageDaemonService.cancelJob, { job: request.job, incomplete: false });
  assert.equal((await following).end.status, "A");
});
