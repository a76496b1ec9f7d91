import assert from "node:assert/strict";
import { open, readdir } from "node:fs/promises";
import { test } from "node:test";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { containerPath } from "./container-name.ts";
import { StoreServer } from "./store-server.ts";
import { framesOf, idsOf, newStore, noise, runJob, sessionKey, storeSettings, writeReferences } from "./testing/store-bench.ts";
import type { ChunkPlaces } from "./store-calls.ts";

const start = { jobId: 1, pool: "Default", client: "c1" };

/** The chunk that lies at a place, expanded and checked. */
async function chunkAt(places: ChunkPlaces, i: number): Promise<Buffer> {
  const file = await open(containerPath(places.directory, places.containers[i]!), "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(places.bytes[i]!), 0, places.bytes[i]!, places.offsets[i]!);
    const frame = new FrameCursor(buffer);
    assert.ok(frame.next() && frame.isIntact && frame.end === buffer.length);
    const chunk = expandChunk(frame, new Uint8Array(frame.plainBytes));
    assert.equal(chunk.kind, "good");
    return Buffer.from(chunk.kind === "good" ? chunk.plain : []);
  } finally {
    await file.close();
  }
}

test("chunks of a committed job are found after the store is opened again, byte for byte", async () => {
  await using dir = await TempDir.make();
  const plains = [noise(1, 70_000), Buffer.alloc(100_000, "text "), noise(2, 1)];
  {
    await using server = await newStore(dir.path);
    await runJob(server, dir.path, 1, plains);
  }
  await using server = new StoreServer(storeSettings(dir.path));
  const facts = await server.call("open", null);
  assert.equal(facts.chunks, 3);
  assert.equal(facts.containers, 1);
  assert.deepEqual(facts.notes, []);
  const places = await server.call("locate", { session: sessionKey(1), ids: idsOf(plains) });
  for (const [i, plain] of plains.entries()) assert.deepEqual(await chunkAt(places, i), plain);
});

test("a chunk that is there is not stored again", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const plains = [noise(1, 1000), noise(2, 1000), noise(3, 1000)];
  await runJob(server, dir.path, 1, plains.slice(0, 1));
  const session = sessionKey(2);
  await server.call("begin", { session, ...start });
  assert.deepEqual([...(await server.call("known", { session, ids: idsOf(plains) }))], [0b001]);
  const taken = await server.call("append", { session, frames: framesOf([...plains, plains[1]!]) });
  assert.deepEqual(taken, { chunks: 4, newChunks: 2, newBytes: 2000, storedBytes: 2096 });
  assert.deepEqual([...(await server.call("known", { session, ids: idsOf(plains) }))], [0b111]);
});

test("a job whose chunks are not all there is not committed", async () => {
  await using dir = await TempDir.make();
  await using server = await newStore(dir.path);
  const session = sessionKey(1);
  await server.call("begin", { session, ...start });
  await server.call("append", { session, frames: framesOf([noise(1, 1000)]) });
  const references = writeReferences({ directory: dir.path, session }, [[noise(1, 1000), noise(2, 1000)]]);
  await assert.rejects(server.call("commit", { session, references }), { code: "CHUNK_MISSING" });
  await server.call("abandon", { session });
  await server.call("abandon", { session });
  assert.deepEqual(await readdir(dir.file("@chunks", "all", "sessions")), []);
  assert.equal((await server.call("open", null)).chunks, 0);
});
