import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { setXattr } from "#lib/platform/xattr.ts";
import { SaveTree } from "#filed/backup/save-tree.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { RestoreTree } from "#lib/files/restore-tree.ts";
import { describeTree, makeAttributeTree, rsyncDifference, whyNoAttributeTree } from "#filed/testing/attribute-tree.ts";
import { MemoryStore } from "#filed/testing/memory-store.ts";
import { optionsHashes, rootsHash } from "./layer-identity.ts";
import { RememberedLayers } from "./remembered-layers.ts";

const skip = whyNoAttributeTree();
if (skip !== false && process.env["CI"] === "true") throw new Error(skip);

const SCOPE = { director: "dir", jobName: "Save", store: "s", domain: "all", identity: "sha256" };

/** One Full of a path into the store, with what is remembered below `base`. */
async function save(path: string, store: MemoryStore, base: string, session: number) {
  const batches: Uint8Array[] = [];
  const notes: string[] = [];
  const note = (kind: string, text: string): void => void notes.push(`${kind}: ${text}`);
  const options = [{ ...DEFAULT_OPTIONS, signature: "SHA1", sparse: true, aclSupport: true, xattrSupport: true }];
  const include = { options, files: [Buffer.from(path)], excludeDirContaining: [], plugins: [] };
  const fileset = { name: "F", includes: [include], excludes: [], enableSnapshot: false, ownDirectories: [] };
  const facts = { roots: rootsHash(fileset), options: optionsHashes(compileFileSet(fileset).optionsTable, true) };
  const layers = await RememberedLayers.open(base, SCOPE, (text) => note("layers", text));
  const memory = layers.memory({ held: store.hold(layers.sessions), ...facts, nowMs: Date.now() });
  await using layer = await layers.begin({ session: { volSessionId: session, volSessionTime: 1 }, isFull: true, ...facts });
  const { minBytes, averageBytes, maxBytes } = store.offer;
  const tree = new SaveTree({
    fileset,
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
      memory,
      remember: layer.sink,
      sink: {
        ask: async (ids) => store.known(ids),
        sendChunks: async (run, release) => {
          store.take(run);
          release();
        },
      },
    },
    note,
    signal: new AbortController().signal,
    retryDelayMs: 10,
  });
  const result = await tree.run();
  assert.equal(await layer.commit(Date.now()), undefined);
  store.sessions.add(`${session}/1`);
  assert.deepEqual([notes, result.errors], [[], 0]);
  return { batches, result, chunks: tree.chunks };
}

async function restore(batches: readonly Uint8Array[], store: MemoryStore, where: string): Promise<void> {
  const notes: string[] = [];
  const note = (kind: string, text: string): void => void notes.push(`${kind}: ${text}`);
  const { signal } = new AbortController();
  const options = { where, regexWhere: "", replace: "always", numericIds: false, prefixLinks: false, note, signal } as const;
  await using tree = new RestoreTree(options);
  for (const batch of batches) for (const expanded of store.expanded(batch)) await tree.add(expanded);
  const counts = await tree.finish();
  assert.deepEqual([notes, counts.errors], [[], 0]);
}

test("Fulls that read only what changed come back identical, with every kind of file and attribute", { skip }, async () => {
  await using dir = await TempDir.make();
  const source = dir.file("source");
  const store = new MemoryStore();
  makeAttributeTree(source);
  // Until their change times are proof.
  await delay(2100);
  await save(source, store, dir.file("layers"), 1);
  const before = describeTree(source);
  const second = await save(source, store, dir.file("layers"), 2);
  assert.equal(second.result.readBytes, 0);
  await restore(second.batches, store, dir.file("r2"));
  assert.equal(rsyncDifference(source, dir.file("r2", source)), "");
  assert.equal(describeTree(dir.file("r2", source)), before);

  appendFileSync(dir.file("source/seq"), "more");
  writeFileSync(dir.file("source/new"), "new");
  chmodSync(dir.file("source/rand"), 0o600);
  setXattr(dir.file("source/empty"), { name: "user.late", value: Buffer.from("x") });
  renameSync(dir.file("source/two"), dir.file("source/three"));
  rmSync(dir.file("source/dir/b"));
  mkdirSync(dir.file("source/two"));
  // As `cp -p` would: other content, the size and modification time of before.
  writeFileSync(dir.file("source/zero64k"), Buffer.alloc(65_536, 1));
  utimesSync(dir.file("source/zero64k"), 2_208_988_800, 2_208_988_800);
  const after = describeTree(source);
  const third = await save(source, store, dir.file("layers"), 3);
  assert.ok(third.result.readBytes > 0 && third.result.readBytes < 1_200_000, String(third.result.readBytes));
  assert.ok(third.chunks.rememberedFiles > 200);
  await restore(third.batches, store, dir.file("r3"));
  assert.equal(rsyncDifference(source, dir.file("r3", source)), "");
  assert.equal(describeTree(dir.file("r3", source)), after);
});

test("a session that the store no longer holds makes all its files be read and sent again", { skip }, async () => {
  await using dir = await TempDir.make();
  const source = dir.file("source");
  makeAttributeTree(source);
  await delay(2100);
  await save(source, new MemoryStore(), dir.file("layers"), 1);
  const emptied = new MemoryStore();
  const again = await save(source, emptied, dir.file("layers"), 2);
  assert.deepEqual([again.chunks.rememberedFiles, emptied.frames.size > 0], [0, true]);
  await restore(again.batches, emptied, dir.file("r"));
  assert.equal(rsyncDifference(source, dir.file("r", source)), "");
});
