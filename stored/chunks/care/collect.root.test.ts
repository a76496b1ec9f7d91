import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { ChunkStore } from "../chunk-store.ts";
import { StoreServer } from "../store-server.ts";
import { newStore, noise, runJob, sessionKey, storeSettings } from "../testing/store-bench.ts";
import { readChunks } from "./testing/read-session.ts";

const skip = process.getuid?.() === 0 ? false : "only root can mount a small file system";
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

const JOBS = 12;
const chunksOf = (id: number): Buffer[] => Array.from({ length: 10 }, (_, i) => noise(id * 10 + i, 20_000));

/** A store on a file system of 4 MiB, about 2.5 of them used: of each job's container a tenth is still needed. */
async function sparseStore(directory: string): Promise<void> {
  await using server = await newStore(directory);
  for (let id = 1; id <= JOBS; id++) await runJob(server, directory, id, chunksOf(id));
  const first = Array.from({ length: JOBS }, (_, i) => chunksOf(i + 1).slice(0, 1)).flat();
  await runJob(server, directory, 100, first);
  await server.call("forget", { sessions: Array.from({ length: JOBS }, (_, i) => sessionKey(i + 1)), volume: undefined });
}

async function assertWhole(directory: string): Promise<void> {
  await using store = await ChunkStore.open(storeSettings(directory));
  for (let id = 1; id <= JOBS; id++)
    assert.equal(await readChunks(store, sessionKey(100), chunksOf(id).slice(0, 1)), undefined);
}

test("with little room a collection writes containers anew one by one, without any it stops well", { skip }, async () => {
  for (const freeKib of [0, 8, 30, 100, 400]) {
    await using dir = await TempDir.make();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4096k", "none", dir.path]);
    try {
      await sparseStore(dir.path);
      const { bavail, bsize } = statfsSync(dir.path);
      writeFileSync(dir.file("ballast"), Buffer.alloc(Math.max(0, bavail * bsize - freeKib * 1024)));
      await using server = new StoreServer(storeSettings(dir.path));
      await server.call("open", null);
      const { lines } = await server.call("vacuum", { livePercent: 50 });
      const verified = await server.call("verify", null);
      assert.ok(verified.isClean, `${freeKib} KiB free: ${verified.lines.join("\n")}`);
      if (freeKib >= 100) assert.match(lines.join("\n"), new RegExp(`${JOBS} written anew`), `${freeKib} KiB free`);
      unlinkSync(dir.file("ballast"));
      const after = await server.call("vacuum", { livePercent: 50 });
      assert.ok(after.isClean, after.lines.join("\n"));
      const { containers, chunks } = await server.call("open", null);
      assert.equal(chunks, JOBS);
      assert.ok(containers <= JOBS);
      await server.call("close", null);
      await assertWhole(dir.path);
    } finally {
      execFileSync("umount", [dir.path]);
    }
  }
});
