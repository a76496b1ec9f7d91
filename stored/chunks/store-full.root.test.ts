import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { open, unlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { StoreServer } from "./store-server.ts";
import { framesOf, idsOf, newStore, noise, runJob, sessionKey, storeSettings, writeReferences } from "./testing/store-bench.ts";
import { storedAs } from "./testing/stored-as.ts";
import type { SessionKey } from "../volume/block.ts";

const skip = process.getuid?.() === 0 ? false : "only root can mount a small file system";
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

const start = { jobId: 1, pool: "Default", client: "c1" };

/** A file system in memory of so many KiB, mounted for a test. */
async function smallDisk(kib: number): Promise<TempDir> {
  const dir = await TempDir.make();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "none", dir.path]);
  const mounted = new TempDir(dir.path);
  mounted[Symbol.asyncDispose] = async () => {
    execFileSync("umount", [dir.path]);
    await dir[Symbol.asyncDispose]();
  };
  return mounted;
}

/** Appends chunks of noise until the store is full; answers those that were taken. */
async function fill(server: StoreServer, session: SessionKey, seed: number, bytes: number): Promise<Buffer[]> {
  const taken: Buffer[] = [];
  for (;;) {
    const run = [0, 1, 2, 3].map((i) => noise(seed * 1000 + taken.length + i, bytes));
    try {
      await server.call("append", { session, frames: framesOf(run) });
    } catch (error) {
      assert.equal((error as { code: string }).code, "STORE_FULL");
      return taken;
    }
    taken.push(...run);
  }
}

test("a full file system fails the job, not what is stored; with room again the next job works", { skip }, async () => {
  await using disk = await smallDisk(2048);
  const before = [noise(1, 20_000), noise(2, 20_000)];
  const session = sessionKey(2);
  {
    await using server = await newStore(disk.path);
    const kept = await runJob(server, disk.path, 1, before);
    await writeFile(disk.file("ballast"), Buffer.alloc(512 * 1024));
    await server.call("begin", { session, ...start });
    const taken = await fill(server, session, 1, 30_000);
    assert.ok(taken.length > 10);
    // What was acknowledged is there, and of the run that did not fit only whole chunks.
    const known = await server.call("known", { session, ids: idsOf(taken) });
    assert.ok(taken.every((_, i) => (known[i >>> 3]! & (1 << (i & 7))) !== 0));
    const again = await fill(server, session, 2, 30_000);
    assert.deepEqual(again, []);
    await server.call("abandon", { session });
    assert.ok((await storedAs(server, kept, before)).every(Boolean));
    await unlink(disk.file("ballast"));
    const after = [noise(3, 300_000), ...taken.slice(0, 3)];
    assert.ok((await storedAs(server, await runJob(server, disk.path, 3, after), after)).every(Boolean));
  }
  await using server = new StoreServer(storeSettings(disk.path));
  const facts = await server.call("open", null);
  assert.deepEqual(facts.notes, []);
  assert.ok((await storedAs(server, sessionKey(1), before)).every(Boolean));
});

test("a job whose container has no room for its directory is not committed; when there is room it is", { skip }, async () => {
  await using disk = await smallDisk(2048);
  await using server = await newStore(disk.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  const plains = Array.from({ length: 200 }, (_, i) => noise(i + 1, 2000));
  await server.call("append", { session, frames: framesOf(plains) });
  const references = writeReferences({ directory: disk.path, session }, [plains]);
  const used = execFileSync("df", ["--output=used", "-k", disk.path], { encoding: "utf8" }).match(/\d+/)?.[0];
  execFileSync("mount", ["-o", `remount,size=${used}k`, disk.path]);
  await assert.rejects(server.call("commit", { session, references }), { code: "STORE_FULL" });
  execFileSync("mount", ["-o", "remount,size=2048k", disk.path]);
  await server.call("commit", { session, references });
  assert.ok((await storedAs(server, session, plains)).every(Boolean));
});

test("on a disk without a free byte a collection makes room", { skip }, async () => {
  await using disk = await smallDisk(2048);
  await using server = await newStore(disk.path);
  const kept = await runJob(server, disk.path, 1, [noise(1, 20_000)]);
  await runJob(server, disk.path, 2, [noise(1, 20_000), noise(2, 500_000)]);
  assert.equal(await server.call("forget", { sessions: [sessionKey(2)], volume: undefined }), 1);
  const ballast = await open(disk.file("ballast"), "w");
  for (let bytes = 1024 * 1024; bytes >= 1;) {
    // Down to the last page.
    const isWritten = await ballast.write(Buffer.alloc(bytes)).then(
      ({ bytesWritten }) => bytesWritten === bytes,
      () => false,
    );
    if (!isWritten) bytes = Math.floor(bytes / 2);
  }
  await ballast.close();
  await assert.rejects(writeFile(disk.file("more"), "x"), { code: "ENOSPC" });
  await unlink(disk.file("more"));
  const report = await server.call("vacuum", { livePercent: 0 });
  assert.ok(report.isClean, report.lines.join("\n"));
  assert.ok((await storedAs(server, kept, [noise(1, 20_000)])).every(Boolean));
  assert.ok(
    (await storedAs(server, await runJob(server, disk.path, 3, [noise(3, 400_000)]), [noise(3, 400_000)])).every(Boolean),
  );
});
