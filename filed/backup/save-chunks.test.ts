import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  openSync,
  closeSync,
  ftruncateSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { test } from "node:test";
import { ListCursor } from "#lib/chunk/chunk-list.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { BatchCursor } from "#lib/wire/record.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { MemoryStore } from "#filed/testing/memory-store.ts";
import { EntryCursor } from "#filed/walk/entry.ts";
import type { SavedList } from "./remembered.ts";
import { readRemembered } from "./remembered.ts";
import { SaveTree } from "./save-tree.ts";

interface Saved {
  readonly batches: Uint8Array[];
  readonly remembered: SavedList[];
  readonly notes: string[];
  readonly tree: SaveTree;
  readonly result: Awaited<ReturnType<SaveTree["run"]>>;
}

/** Saves a path into a store; answers come after `delayMs`. */
async function save(path: string, store: MemoryStore, options: Partial<FileOptions> = {}, delayMs = 0): Promise<Saved> {
  const batches: Uint8Array[] = [];
  const notes: string[] = [];
  const remembered: SavedList[] = [];
  const include = {
    options: [{ ...DEFAULT_OPTIONS, sparse: true, ...options }],
    files: [Buffer.from(path)],
    excludeDirContaining: [],
    plugins: [],
  };
  const { minBytes, averageBytes, maxBytes } = store.offer;
  const tree = new SaveTree({
    fileset: { name: "F", includes: [include], excludes: [], enableSnapshot: false, ownDirectories: [] },
    sinceNs: 0n,
    allowCompression: true,
    sink: {
      send: async (batch, release) => {
        store.checkLists(batch);
        batches.push(batch.slice());
        release();
      },
    },
    store: {
      bounds: { minBytes, averageBytes, maxBytes },
      level: 3,
      sink: {
        ask: async (ids) => {
          const known = store.known(ids);
          if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
          return known;
        },
        sendChunks: async (run, release) => {
          store.take(run);
          release();
        },
      },
      remember: { add: (list) => remembered.push(list) },
    },
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    signal: new AbortController().signal,
    retryDelayMs: 10,
  });
  return { batches, remembered, notes, tree, result: await tree.run() };
}

interface Read {
  readonly content: Buffer;
  readonly digest: Buffer | undefined;
  readonly dataStream: number;
}

/** Puts together what was saved, by name. */
function contents(batches: readonly Uint8Array[], store: MemoryStore): Map<string, Read> {
  const files = new Map<string, { content: Buffer; digest: Buffer | undefined; dataStream: number }>();
  let file = { content: Buffer.alloc(0), digest: undefined as Buffer | undefined, dataStream: 0 };
  for (const batch of batches) {
    const records = new BatchCursor(batch);
    while (records.next()) {
      if (records.stream === streamType.attributes) {
        const { name, stat, type } = decodeAttributes(records.data);
        file = { content: Buffer.alloc(type === 3 ? stat.size : 0), digest: undefined, dataStream: stat.dataStream };
        files.set(name, file);
      } else if (records.stream === streamType.chunkList) {
        const list = new ListCursor(records.data);
        while (list.next()) store.plain(list.id).copy(file.content, list.address);
      } else file.digest = Buffer.from(records.data);
    }
  }
  return files;
}

/** What is to be remembered, by path. */
function rememberedOf(lists: readonly SavedList[]): Map<string, { readonly reusable: number; readonly streams: number[] }> {
  const found = new Map<string, { reusable: number; streams: number[] }>();
  for (const saved of lists) {
    const cursor = new EntryCursor(saved.list);
    for (let entry = 0, start = 0; cursor.next(); start = saved.ends[entry++]!) {
      const streams = [...readRemembered(saved.records.subarray(start, saved.ends[entry]))].map(({ stream }) => stream);
      found.set(cursor.path, { reusable: saved.reusable[entry]!, streams });
    }
  }
  return found;
}

function steady(...paths: readonly string[]): void {
  for (const path of paths) utimesSync(path, 1e9, 1e9);
}

test("files of all sizes come back, small and large, with holes and without, each with its digest", async () => {
  await using dir = await TempDir.make();
  const sizes = [0, 1, 2, 65_535, 65_536, 65_537, 300_000, 786_432, 786_433, 4_194_304, 4_194_305, 9_000_000];
  const wanted = new Map<string, Buffer>();
  for (const size of sizes) {
    const content = randomBytes(size);
    wanted.set(dir.file(`f${size}`), content);
    writeFileSync(dir.file(`f${size}`), content);
  }
  const holes = Buffer.alloc(12_000_000);
  randomBytes(100_000).copy(holes, 3_000_000);
  holes.write("end of the data", 8_000_000);
  const fd = openSync(dir.file("holes"), "w");
  writeSync(fd, holes, 3_000_000, 100_000, 3_000_000);
  writeSync(fd, holes, 8_000_000, 15, 8_000_000);
  ftruncateSync(fd, holes.length);
  closeSync(fd);
  wanted.set(dir.file("holes"), holes);
  for (const [signature, algorithm] of [
    ["SHA256", "sha256"],
    ["MD5", "md5"],
  ] as const) {
    const store = new MemoryStore();
    const { batches, notes, result } = await save(dir.path, store, { signature }, 3);
    assert.deepEqual([notes, result.errors], [[], 0]);
    const read = contents(batches, store);
    for (const [name, content] of wanted) {
      const file = read.get(name)!;
      assert.ok(file.content.equals(content), name);
      if (name === dir.file("holes")) continue;
      assert.deepEqual(file.digest, createHash(algorithm).update(content).digest(), name);
      assert.equal(file.dataStream, content.length === 0 ? streamType.fileData : streamType.chunkList);
    }
    assert.equal(store.repeated, 0);
  }
});

test("what the store has is not sent, and what was sent is not asked for again", async () => {
  await using dir = await TempDir.make();
  const content = randomBytes(20_000_000);
  writeFileSync(dir.file("a"), content);
  const store = new MemoryStore();
  const first = await save(dir.path, store);
  assert.equal(first.tree.chunks.newBytes, 20_000_000);
  writeFileSync(dir.file("b"), Buffer.concat([Buffer.from("!"), content]));
  const second = await save(dir.path, store);
  assert.ok(second.tree.chunks.newBytes < 2_000_000, `${second.tree.chunks.newBytes} new bytes`);
  assert.equal(second.tree.chunks.fileBytes, 40_000_001);
  assert.ok(second.tree.chunks.newChunks <= 3);
});

test("many small files in many lists, with slow answers, keep their order", async () => {
  await using dir = await TempDir.make();
  for (let number = 0; number < 9000; number++) writeFileSync(dir.file(`f${number}`), `content ${number % 4000}`);
  const store = new MemoryStore();
  const { batches, result } = await save(dir.path, store, { signature: "SHA1" }, 20);
  assert.deepEqual([result.files, result.errors, store.frames.size], [9001, 0, 4000]);
  let last = 0;
  for (const batch of batches) {
    const cursor = new BatchCursor(batch);
    while (cursor.next()) {
      if (cursor.fileIndex === last) continue;
      assert.deepEqual([cursor.fileIndex > last, cursor.stream], [true, streamType.attributes]);
      last = cursor.fileIndex;
    }
  }
});

test("chunks that are longer than runs go alone, compressed or not", async () => {
  await using dir = await TempDir.make();
  const wanted = [Buffer.alloc(20_000_000, "many words "), randomBytes(20_000_000), randomBytes(500_000)];
  for (const [number, content] of wanted.entries()) writeFileSync(dir.file(`f${number}`), content);
  const store = new MemoryStore();
  store.offer = { ...store.offer, minBytes: 1 << 20, averageBytes: 3 << 20, maxBytes: 8 << 20 };
  const { batches, result, notes } = await save(dir.path, store);
  assert.deepEqual([result.errors, notes], [0, []]);
  const read = contents(batches, store);
  for (const [number, content] of wanted.entries()) assert.ok(read.get(dir.file(`f${number}`))?.content.equals(content));
});

test("a file that shrinks while it is saved is told and not remembered; what was read of it comes back", async () => {
  await using dir = await TempDir.make();
  const content = randomBytes(40_000_000);
  writeFileSync(dir.file("large"), content);
  writeFileSync(dir.file("z"), "steady");
  const store = new MemoryStore();
  const known = store.known.bind(store);
  store.known = (ids) => {
    // The first question of several chunks is about the large file, of which most has not been read yet.
    if (ids.byteLength > 32) truncateSync(dir.file("large"), 30_000_005);
    return known(ids);
  };
  const { batches, notes, remembered } = await save(dir.path, store, {}, 20);
  const read = contents(batches, store);
  assert.ok(read.get(dir.file("large"))?.content.subarray(0, 30_000_000).equals(content.subarray(0, 30_000_000)));
  assert.equal(read.get(dir.file("z"))?.content.toString(), "steady");
  assert.ok(
    notes.some((note) => note.includes("shrank")),
    notes.join("\n"),
  );
  assert.equal(rememberedOf(remembered).get(dir.file("large"))?.reusable, 0);
});

test("with Dedup = None data goes into records, and such files are not remembered", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("a"), "plain");
  const store = new MemoryStore();
  const { batches, remembered } = await save(dir.path, store, { noDedup: true });
  const streams = batches.flatMap((batch) => {
    const cursor = new BatchCursor(batch);
    const found: number[] = [];
    while (cursor.next()) found.push(cursor.stream);
    return found;
  });
  assert.deepEqual([streams, store.asked], [[streamType.attributes, streamType.fileData, streamType.attributes], 0]);
  assert.equal(remembered[0]!.reusable[0], 0);
});

test("what is to be remembered are the records behind the attributes, of files whose change time is old enough", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("sub"));
  for (const name of ["a", "b", "sub/c"]) writeFileSync(dir.file(name), `content of ${name}`);
  steady(dir.file("a"));
  await new Promise((resolve) => setTimeout(resolve, 2100));
  appendFileSync(dir.file("b"), " changed now");
  const store = new MemoryStore();
  const { remembered } = await save(dir.path, store, { signature: "MD5" });
  const found = rememberedOf(remembered);
  const both = [streamType.chunkList, streamType.md5];
  assert.deepEqual(found.get(dir.file("a")), { reusable: 1, streams: both });
  assert.deepEqual(found.get(dir.file("b")), { reusable: 0, streams: both });
  assert.deepEqual(found.get(dir.file("sub/c")), { reusable: 1, streams: both });
  assert.deepEqual(found.get(dir.file("sub")), { reusable: 1, streams: [] });
});
