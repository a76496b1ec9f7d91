import assert from "node:assert/strict";
import { cp, open } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { containerPath } from "./container-name.ts";
import { ReferenceReader } from "./reference-file-reader.ts";
import { referencesName } from "./reference-file.ts";
import { StoreServer } from "./store-server.ts";
import { domainFolder } from "./store-paths.ts";
import { sessionKey, storeSettings } from "./testing/store-bench.ts";

/*
 * The store in golden/ was written by the first release that had one. It must be read for ever: never write it anew. Where a
 * later format comes, its own store goes beside it.
 */

const text = "eca88379b6bdf64fccf95e51a92690cbfddf2c04ba51c939b55e199f9257a6a1";
const noise = "3c5d0271d2f44dc9ac602093b7644a7a3e30282b43c4b6a9ba93b6707254fb1f";
const x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
const zeros = "c81ca5eda5947c7826ad046fdbdc2a25a846b835a6c34c237cc8b3afbe9ec6cc";

const sessions = [
  { domain: "pool-Full", id: 1, jobId: 1, volumes: ["Full-0001"], chunks: [text, noise], references: 3, plainBytes: 10_700 },
  {
    domain: "pool-Full",
    id: 2,
    jobId: 2,
    volumes: ["Full-0001", "Full-0002"],
    chunks: [noise, x, zeros],
    references: 4,
    plainBytes: 4401,
  },
  { domain: "pool-B%C3%BCro%2F2", id: 3, jobId: 3, volumes: ["Other"], chunks: [text], references: 2, plainBytes: 10_000 },
];

test("the store of format 1 that was written in 2026 is read, every chunk of it", async () => {
  await using dir = await TempDir.make();
  await cp(fileURLToPath(new URL("golden", import.meta.url)), dir.path, { recursive: true });
  await using server = new StoreServer(storeSettings(dir.path));
  const facts = await server.call("open", null);
  assert.deepEqual(facts, {
    store: "39c7938f-a99f-4039-a4cf-fc023cd7b382",
    epoch: 1,
    chunks: 5,
    containers: 3,
    storedBytes: 2336,
    notes: [],
  });
  for (const { id, chunks } of sessions) {
    const places = await server.call("locate", { session: sessionKey(id), ids: Buffer.from(chunks.join(""), "hex") });
    for (const [i, chunk] of chunks.entries()) {
      await using file = await open(containerPath(places.directory, places.containers[i]!), "r");
      const { buffer } = await file.read(Buffer.alloc(places.bytes[i]!), 0, places.bytes[i]!, places.offsets[i]!);
      const frame = new FrameCursor(buffer);
      assert.ok(frame.next() && frame.isIntact && frame.end === buffer.length);
      assert.equal(Buffer.from(frame.id).toString("hex"), chunk);
      assert.equal(expandChunk(frame, new Uint8Array(frame.plainBytes)).kind, "good");
    }
  }
  assert.equal((await server.call("verify", null)).isClean, true);
});

test("the references of its sessions are read", async () => {
  for (const { domain, id, jobId, volumes, chunks, references, plainBytes } of sessions) {
    const folder = domainFolder(fileURLToPath(new URL("golden", import.meta.url)), domain);
    using reader = ReferenceReader.open(`${folder}/sessions/${referencesName(sessionKey(id))}`);
    assert.deepEqual(reader.owner, { session: sessionKey(id), jobId });
    const ids = Buffer.from(reader.nextPage() ?? []).toString("hex");
    assert.deepEqual(new Set(ids.match(/.{64}/g)), new Set(chunks));
    assert.deepEqual(reader.totals, { identities: ids.length / 64, references, plainBytes, volumes });
    assert.equal(reader.nextPage(), undefined);
  }
});
