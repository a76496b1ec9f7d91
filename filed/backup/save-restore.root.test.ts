import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { RestoreTree } from "#lib/files/restore-tree.ts";
import { describeTree, makeAttributeTree, rsyncDifference, whyNoAttributeTree } from "#filed/testing/attribute-tree.ts";
import { BatchCursor } from "#lib/wire/record.ts";
import { SaveTree } from "./save-tree.ts";

const skip = whyNoAttributeTree();
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

/** Saves a path; answers copies of the batches, the result and the notes. */
async function save(path: string, options: Partial<FileOptions>, beforeBatch?: () => void) {
  const batches: Uint8Array[] = [];
  const notes: string[] = [];
  const include = {
    options: [{ ...DEFAULT_OPTIONS, aclSupport: true, xattrSupport: true, ...options }],
    files: [Buffer.from(path)],
    excludeDirContaining: [],
    plugins: [],
  };
  const tree = new SaveTree({
    fileset: { name: "F", includes: [include], excludes: [], enableSnapshot: false, ownDirectories: [] },
    sinceNs: 0n,
    allowCompression: true,
    sink: {
      send: async (batch, release) => {
        beforeBatch?.();
        batches.push(batch.slice());
        release();
      },
    },
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    signal: new AbortController().signal,
    retryDelayMs: 10,
  });
  return { batches, result: await tree.run(), notes };
}

async function restore(batches: readonly Uint8Array[], where: string) {
  const notes: string[] = [];
  await using tree = new RestoreTree({
    where,
    regexWhere: "",
    replace: "always",
    numericIds: false,
    prefixLinks: false,
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    signal: new AbortController().signal,
  });
  for (const batch of batches) await tree.add(batch);
  return { counts: await tree.finish(), notes };
}

const ways: Partial<FileOptions>[] = [
  { signature: "MD5" },
  { signature: "SHA1", sparse: true },
  { signature: "SHA256", sparse: true, compression: "GZIP6" },
  { signature: "SHA512", sparse: true, compression: "ZSTD3" },
  { compression: "ZSTD1" },
];

for (const way of ways) {
  test(`a tree of every kind of file comes back identical: ${JSON.stringify(way)}`, { skip }, async () => {
    await using dir = await TempDir.make();
    const source = dir.file("source");
    makeAttributeTree(source);
    const before = describeTree(source);
    const { batches, result, notes } = await save(source, way);
    assert.deepEqual([notes, result.errors, result.missing], [[], 0, 0]);
    const { counts, notes: restoreNotes } = await restore(batches, dir.file("r"));
    assert.deepEqual([restoreNotes, counts.errors, counts.files], [[], 0, result.files]);
    const restored = dir.file("r", source);
    assert.equal(rsyncDifference(source, restored), "");
    assert.equal(describeTree(restored), before);
  });
}

test("FileIndexes come in order, each with its attributes first", { skip }, async () => {
  await using dir = await TempDir.make();
  for (let number = 0; number < 3000; number++) writeFileSync(dir.file(`f${number}`), Buffer.alloc(number * 7));
  const { batches } = await save(dir.path, { signature: "MD5" });
  let last = 0;
  for (const batch of batches) {
    const cursor = new BatchCursor(batch);
    while (cursor.next()) {
      if (cursor.fileIndex === last) continue;
      assert.deepEqual([cursor.fileIndex > last, cursor.stream], [true, 1]);
      last = cursor.fileIndex;
    }
  }
  assert.equal(last, 3001);
});

test(
  "files that shrink, grow and vanish while they are saved are told; the records stay sound and the others come back",
  { skip },
  async () => {
    await using dir = await TempDir.make();
    const source = dir.file("s");
    mkdirSync(source);
    writeFileSync(`${source}/a-large`, Buffer.alloc(40 * 1024 * 1024, "x"));
    for (let number = 0; number < 50; number++) writeFileSync(`${source}/f${number}`, "steady");
    let isFirst = true;
    const { batches, result, notes } = await save(source, { signature: "MD5" }, () => {
      if (isFirst) truncateSync(`${source}/a-large`, 30 * 1024 * 1024 + 5);
      isFirst = false;
      appendFileSync(`${source}/f1`, "more");
    });
    const { counts } = await restore(batches, dir.file("r"));
    assert.deepEqual([result.files, counts.files, counts.errors], [52, 52, 0]);
    assert.ok(result.errors === 0 || notes.some((note) => /shrank|grew/.test(note)), notes.join("\n"));
  },
);
