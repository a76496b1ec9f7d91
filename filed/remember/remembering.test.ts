import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import fc from "fast-check";
import { fsPath } from "#lib/base/byte-string.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import type { SavedList } from "#filed/backup/remembered.ts";
import { compileFileSet } from "#filed/fileset/match.ts";
import { DEFAULT_OPTIONS } from "#filed/fileset/options.ts";
import { EntryListBuilder } from "#filed/walk/entry.ts";
import type { WalkedEntry } from "#filed/walk/entry.ts";
import { Walker } from "#filed/walk/walker.ts";
import { rootsHash, optionsHashes } from "./layer-identity.ts";
import { Memory } from "./memory.ts";
import { RememberedLayers } from "./remembered-layers.ts";
import { testRun } from "./testing/saved-lists.ts";

const SCOPE = { director: "dir", jobName: "Save", store: "s", domain: "all", identity: "sha256" };
/** Jobs run as if so much later: a change time of now would else prove nothing. */
const LATER_MS = 10_000;

/** What a save of the roots comes to, by path: the contents' digests. `read` counts files that were opened. */
async function save(roots: readonly string[], base: string, how: { useMemory: boolean; sinceNs?: bigint; session: number }) {
  const options = [{ ...DEFAULT_OPTIONS, signature: "MD5" }];
  const include = { options, files: roots.map((root) => Buffer.from(root)), excludeDirContaining: [], plugins: [] };
  const fileset = { name: "F", includes: [include], excludes: [], enableSnapshot: false, ownDirectories: [] };
  const compiled = compileFileSet(fileset);
  const facts = { roots: rootsHash(fileset), options: optionsHashes(compiled.optionsTable, true) };
  const layers = await RememberedLayers.open(base, SCOPE, (text) => assert.fail(text));
  const held = layers.sessions.map(() => true);
  const start = layers.memory({ held, ...facts, nowMs: Date.now() + LATER_MS });
  const session = { volSessionId: how.session, volSessionTime: 1 };
  await using layer = await layers.begin({ session, isFull: (how.sinceNs ?? 0n) === 0n, ...facts });
  const saved = new Map<string, string>();
  const work = new SimulatedEncoder(saved, (list) => layer.sink.add(list));
  using memory = new Memory(how.useMemory ? start : { layers: [], options: [] }, (text) => assert.fail(text));
  const sink = { entry: (entry: WalkedEntry) => work.entry(entry), note: () => {}, isCanceled: false };
  await new Walker({ fileset: compiled, sinceNs: how.sinceNs ?? 0n, memory, sink }).run();
  work.flush();
  assert.equal(await layer.commit(Date.now()), undefined);
  return { saved, read: work.read, unchanged: work.unchanged };
}

/** Does what encoders do with entries, with digests in the place of chunks. */
class SimulatedEncoder {
  read = 0;
  unchanged = 0;
  readonly #saved: Map<string, string>;
  readonly #out: (list: SavedList) => void;
  readonly #builder = new EntryListBuilder();
  #runs: Uint8Array[] = [];
  #reusable: number[] = [];

  constructor(saved: Map<string, string>, out: (list: SavedList) => void) {
    this.#saved = saved;
    this.#out = out;
  }

  entry(entry: WalkedEntry): void {
    const isRead = entry.remembered?.isUnchanged !== true;
    let run = new Uint8Array(0);
    if (entry.type === fileType.regular) {
      if (isRead) this.read++;
      run = isRead ? testRun(hash("sha256", readFileSync(fsPath(entry.path)), "hex")) : entry.remembered!.records.slice();
      this.#saved.set(entry.path, Buffer.from(run.subarray(12)).toString("latin1"));
    } else this.#saved.set(entry.path, `${entry.type} ${entry.stat.mode} ${entry.link}`);
    if (!isRead) this.unchanged++;
    this.#builder.add(entry);
    this.#runs.push(run);
    this.#reusable.push(1);
    if (this.#runs.length === 7) this.flush();
  }

  flush(): void {
    let end = 0;
    const list = {
      list: this.#builder.take(),
      reusable: Uint8Array.from(this.#reusable),
      records: Uint8Array.from(Buffer.concat(this.#runs)),
      ends: Uint32Array.from(this.#runs, (run) => (end += run.byteLength)),
    };
    this.#runs = [];
    this.#reusable = [];
    if (list.list.count > 0) this.#out(list);
  }
}

const name = fc.constantFrom("a", "b", "a-", "a.", "ab", "0", "é");
const place = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("write"), place, text: fc.string({ maxLength: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mkdir"), place, text: fc.constant("") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove"), place, text: fc.constant("") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("rename", "hardlink", "symlink"), place, text: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("chmod"), place, text: fc.constant("") }) },
  // As cp -p or tar would: same size, old time stamp, other content.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("disguise"), place, text: fc.constant("") }) },
);

/** Makes a change; what is not possible in the tree as it is now is left. */
function apply(root: string, { kind, place: where, text }: { kind: string; place: string; text: string }): void {
  const path = `${root}/${where}`;
  try {
    if (kind === "write") {
      mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      writeFileSync(path, text);
    } else if (kind === "mkdir") mkdirSync(path, { recursive: true });
    else if (kind === "remove") rmSync(path, { recursive: true });
    else if (kind === "rename") renameSync(path, `${root}/${text}`);
    else if (kind === "hardlink") linkSync(path, `${root}/${text}`);
    else if (kind === "symlink") symlinkSync(where, `${root}/${text}`);
    else if (kind === "chmod") chmodSync(path, 0o701);
    else disguise(path);
  } catch {
    // Nothing is there, or something else is.
  }
}

function disguise(path: string): void {
  const content = readFileSync(path);
  if (content.length === 0) return;
  content[0]! ^= 1;
  writeFileSync(path, content);
  utimesSync(path, 1000, 1000);
}

test("saving with what is remembered comes to the same as saving without, for any changes and sequence of levels", async () => {
  const round = fc.record({ changes: fc.array(change, { maxLength: 8 }), isFull: fc.boolean() });
  const rounds = fc.sample(fc.array(round, { minLength: 2, maxLength: 5 }), { numRuns: 40, seed: 3 });
  let unchanged = 0;
  for (const sequence of rounds) {
    await using dir = await TempDir.make();
    for (const root of ["one", "two"]) mkdirSync(dir.file(root));
    let sinceNs = 0n;
    for (const [session, { changes, isFull }] of sequence.entries()) {
      for (const [number, each] of changes.entries()) apply(dir.file(number % 3 === 0 ? "two" : "one"), each);
      const roots = [dir.file("one"), dir.file("two")];
      const since = isFull ? 0n : sinceNs;
      sinceNs = BigInt(Date.now()) * 1_000_000n;
      // A change time moves on only with the timer's tick.
      await delay(12);
      const result = await save(roots, dir.file("with"), { useMemory: true, sinceNs: since, session });
      const plain = await save(roots, dir.file("without"), { useMemory: false, sinceNs: since, session });
      assert.deepEqual([...result.saved], [...plain.saved]);
      unchanged += result.unchanged;
      assert.equal(plain.unchanged, 0);
    }
  }
  assert.ok(unchanged > 200, String(unchanged));
});

test("a second Full reads nothing, a third after a change only what changed", async () => {
  await using dir = await TempDir.make();
  for (const path of ["d/a", "d/b", "d/e/f", "g", "empty"]) apply(dir.file("t"), { kind: "write", place: path, text: path });
  symlinkSync("g", dir.file("t/link"));
  const full = { useMemory: true };
  assert.equal((await save([dir.file("t")], dir.file("l"), { ...full, session: 1 })).read, 5);
  await delay(12);
  const second = await save([dir.file("t")], dir.file("l"), { ...full, session: 2 });
  assert.deepEqual([second.read, second.unchanged], [0, second.saved.size]);
  writeFileSync(dir.file("t/d/e/f"), "new");
  const third = await save([dir.file("t")], dir.file("l"), { ...full, session: 3 });
  assert.equal(third.read, 1);
  assert.equal(third.unchanged, third.saved.size - 1);
});

test("what a list names in any order is saved; only what comes in the order of the walk is remembered", async () => {
  await using dir = await TempDir.make();
  for (const path of ["a", "b", "c"]) apply(dir.file("t"), { kind: "write", place: path, text: path });
  writeFileSync(dir.file("list"), ["a", "c", "b", "a"].map((path) => dir.file("t", path)).join("\n"));
  const roots = [`<${dir.file("list")}`];
  await save(roots, dir.file("l"), { useMemory: true, session: 1 });
  await delay(12);
  const again = await save(roots, dir.file("l"), { useMemory: true, session: 2 });
  assert.deepEqual([again.saved.size, again.unchanged], [3, 2]);
});
