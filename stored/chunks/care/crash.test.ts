import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { seededRandom } from "#lib/testing/mutate-text.ts";
import { ChunkStore } from "../chunk-store.ts";
import { newStore, noise, runJob, sessionKey, storeSettings } from "../testing/store-bench.ts";
import { StoreServer } from "../store-server.ts";
import { collect } from "./collect.ts";
import { readChunks } from "./testing/read-session.ts";

const JOBS = 8;
/** Steps at which a collection is killed: the moments between mark, count, sweep, copy, seal and removal, and some at random. */
const random = seededRandom(5);
const KILLS = [
  1,
  262,
  263,
  519,
  520,
  521,
  522,
  523,
  524,
  525,
  ...Array.from({ length: 3 }, () => 1 + Math.floor(random() * 800)),
];

/** What job `id` saves: chunks of its own, and some that the next job has too. */
function chunksOf(id: number): Buffer[] {
  return [0, 1, 2, 3, 4, 5].map((i) => noise(id * 4 + i, 900 + ((id * 4 + i) % 13) * 200));
}

/** Jobs 1 to 8, of which all but every third are forgotten. Answers those that are kept. */
async function fill(directory: string): Promise<number[]> {
  await using server = await newStore(directory);
  const kept: number[] = [];
  for (let id = 1; id <= JOBS; id++) {
    await runJob(server, directory, id, chunksOf(id));
    if (id % 3 === 0) kept.push(id);
  }
  const sessions = Array.from({ length: JOBS }, (_, i) => sessionKey(i + 1)).filter(({ id }) => id % 3 !== 0);
  await server.call("forget", { sessions, volume: undefined });
  return kept;
}

/** What must be true after a collection was cut short: all is whole, and the next collection frees what is to be freed. */
async function assertWhole(directory: string, kept: readonly number[], when: string): Promise<void> {
  await using server = new StoreServer(storeSettings(directory));
  await server.call("open", null);
  for (const name of ["verify", "scrub"] as const) {
    const { isClean, lines } = await server.call(name, { lookOnly: false } as never);
    assert.ok(isClean, `${when}: ${name}: ${lines.join("\n")}`);
  }
  await server.call("vacuum", { livePercent: 100 });
  await server.call("close", null);
  await using store = await ChunkStore.open(storeSettings(directory));
  for (const id of kept) assert.equal(await readChunks(store, sessionKey(id), chunksOf(id)), undefined, when);
  const needed = new Set(kept.flatMap((id) => chunksOf(id).map((chunk) => chunk.toString("hex"))));
  assert.equal((await store.domain("all")).index.count, needed.size, `${when}: chunks are left that nobody needs`);
  const bytes = [...needed].reduce((sum, chunk) => sum + chunk.length / 2 + 48 + 48, 0);
  assert.ok(containerBytes(directory) <= bytes + 2 * 336, `${when}: space is left that nobody needs`);
}

function containerBytes(directory: string): number {
  const folder = join(directory, "@chunks", "all", "containers");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".ncc"));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

test("a collection that is killed at any step leaves every session whole, and the next one frees the space", async () => {
  const script = fileURLToPath(new URL("testing/collect-until.ts", import.meta.url));
  let killed = 0;
  for (const step of KILLS) {
    await using dir = await TempDir.make();
    const kept = await fill(dir.path);
    const { signal, stderr } = spawnSync(process.execPath, [script, dir.path, String(step)], { encoding: "utf8" });
    if (signal === "SIGKILL") killed++;
    else assert.equal(stderr, "");
    await assertWhole(dir.path, kept, `killed at step ${step}`);
  }
  assert.ok(killed >= 10, `${killed} collections were killed`);
});

test("a store that is closed while it collects gives up at the next step, and nothing is lost", async () => {
  for (const stop of [3, 200, 400, 519, 520, 521, 522, 523, 524]) {
    await using dir = await TempDir.make();
    const kept = await fill(dir.path);
    {
      await using store = await ChunkStore.open(storeSettings(dir.path));
      let left = stop;
      const step = async (): Promise<void> => {
        if (--left <= 0) throw new Error("the store is being closed");
        await Promise.resolve();
      };
      await collect(await store.domain("all"), 90, { step, spend: step }).catch((error: Error) =>
        assert.match(error.message, /closed/),
      );
    }
    await assertWhole(dir.path, kept, `closed at step ${stop}`);
  }
});
