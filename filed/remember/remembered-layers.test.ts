import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import { Memory } from "./memory.ts";
import type { MemoryStart } from "./memory.ts";
import { RememberedLayers } from "./remembered-layers.ts";
import { savedList, testRun, testStat } from "./testing/saved-lists.ts";
import type { TestEntry } from "./testing/saved-lists.ts";

const SCOPE = { director: "dir", jobName: "Save", store: "s", domain: "all", identity: "sha256" };
const NOW = 1_800_000_000_000;

async function open(base: string, scope = SCOPE, notes: string[] = []): Promise<RememberedLayers> {
  return await RememberedLayers.open(base, scope, (text) => notes.push(text));
}

/** A job that saved these entries and ended well. */
async function job(
  base: string,
  entries: readonly TestEntry[],
  more: { session?: number; isFull?: boolean; roots?: string; endedMs?: number; options?: string[] } = {},
): Promise<void> {
  const { session = 1, isFull = false, roots = "r", endedMs = NOW, options = ["o"] } = more;
  const layers = await open(base);
  await using layer = await layers.begin({
    session: { volSessionId: session, volSessionTime: 5 },
    isFull,
    roots,
    options,
  });
  layer.sink.add(savedList(entries));
  assert.equal(await layer.commit(endedMs), undefined);
}

async function memoryOf(
  base: string,
  held?: (session: number) => boolean,
  more: Partial<Parameters<RememberedLayers["memory"]>[0]> = {},
) {
  const layers = await open(base);
  return layers.memory({
    held: layers.sessions.map(({ volSessionId }) => held?.(volSessionId) ?? true),
    roots: "r",
    options: ["o"],
    nowMs: NOW,
    ...more,
  });
}

/** What is remembered of these entries: "=text" unchanged, "~text" only its chunks, "" nothing. */
function ask(start: MemoryStart, entries: readonly TestEntry[]): string[] {
  const notes: string[] = [];
  using memory = new Memory(start, (text) => notes.push(text));
  const answers = entries.map(({ path, root = 0, type = fileType.regular, options = 0, stat }, place) => {
    const found = memory.find({ root, path, type, options, stat: stat ?? testStat(place) });
    if (found === undefined) return "";
    return (found.isUnchanged ? "=" : "~") + Buffer.from(found.records.subarray(12)).toString("latin1");
  });
  assert.deepEqual(notes, []);
  return answers;
}

const directoryOf = (base: string): string => `${base}/${readdirSync(base)[0]!}`;

test("what a job saved is found again, as long as every number of its stat is the same", async () => {
  await using dir = await TempDir.make();
  const entries: TestEntry[] = [
    { path: "/a", text: "a" },
    { path: "/b/c", text: "c" },
    { path: "/b", type: fileType.directory, text: undefined },
    { path: "/z", text: "z", isReusable: false },
  ];
  await job(dir.path, entries, { isFull: true });
  assert.deepEqual(ask(await memoryOf(dir.path), entries), ["=a", "=c", "=", "~z"]);
  for (const field of ["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const) {
    const changed = entries.map((entry, place) => {
      const stat = testStat(place);
      return { ...entry, stat: { ...stat, [field]: stat[field] + 1n } as typeof stat };
    });
    assert.deepEqual(ask(await memoryOf(dir.path), changed), ["~a", "~c", "", "~z"], field);
  }
  const retyped = entries.map((entry) => ({ ...entry, type: fileType.emptyRegular }));
  assert.deepEqual(ask(await memoryOf(dir.path), retyped), ["", "", "", ""]);
});

test("options that do something else to records make a file be read; those under another number do not", async () => {
  await using dir = await TempDir.make();
  const entries: TestEntry[] = [
    { path: "/a", text: "a", options: 0 },
    { path: "/b", text: "b", options: 1 },
  ];
  await job(dir.path, entries, { isFull: true, options: ["md5", "sha1"] });
  assert.deepEqual(ask(await memoryOf(dir.path, undefined, { options: ["md5", "sha256"] }), entries), ["=a", "~b"]);
  const moved = entries.map((entry) => ({ ...entry, options: entry.options! + 1 }));
  assert.deepEqual(ask(await memoryOf(dir.path, undefined, { options: ["none", "md5", "sha1"] }), moved), ["=a", "=b"]);
  assert.deepEqual(ask(await memoryOf(dir.path, undefined, { options: ["md5", "md5"] }), [{ ...entries[0]!, options: 1 }]), [
    "=a",
  ]);
});

test("the newest layer that knows a file answers; a layer whose session is not held answers nothing", async () => {
  await using dir = await TempDir.make();
  const [old, middle, now] = [testStat(1), testStat(2), testStat(3)];
  await job(
    dir.path,
    [
      { path: "/a", stat: old, text: "a1" },
      { path: "/b", stat: old, text: "b1" },
    ],
    { session: 1, isFull: true },
  );
  await job(dir.path, [{ path: "/a", stat: middle, text: "a2" }], { session: 2 });
  await job(
    dir.path,
    [
      { path: "/a", stat: now, text: "a3" },
      { path: "/c", stat: now, text: "c3" },
    ],
    { session: 3 },
  );
  const asked = [
    { path: "/a", stat: now },
    { path: "/b", stat: old },
    { path: "/c", stat: now },
  ];
  assert.deepEqual(ask(await memoryOf(dir.path), asked), ["=a3", "=b1", "=c3"]);
  assert.deepEqual(ask(await memoryOf(dir.path, (session) => session !== 3), asked), ["~a2", "=b1", ""]);
  assert.deepEqual(ask(await memoryOf(dir.path, () => false), asked), ["", "", ""]);
});

test("a Full takes the place of all layers; of more than a hundred the oldest after the Full goes", async () => {
  await using dir = await TempDir.make();
  await job(dir.path, [{ path: "/a", text: "full" }], { session: 1, isFull: true });
  for (let session = 2; session <= 102; session++) await job(dir.path, [{ path: "/b", text: String(session) }], { session });
  const { sessions } = await open(dir.path);
  assert.equal(sessions.length, 100);
  assert.deepEqual([sessions[0]!.volSessionId, sessions.at(-1)!.volSessionId, sessions.at(-2)!.volSessionId], [102, 1, 4]);
  await job(dir.path, [{ path: "/a", text: "again" }], { session: 200, isFull: true });
  assert.deepEqual((await open(dir.path)).sessions, [{ volSessionId: 200, volSessionTime: 5 }]);
  assert.equal(readdirSync(directoryOf(dir.path)).length, 1);
});

test("a job that did not end well leaves nothing; what a crash left is removed, but not what another job writes", async () => {
  await using dir = await TempDir.make();
  await job(dir.path, [{ path: "/a", text: "a" }], { isFull: true });
  const begin = async () =>
    (await open(dir.path)).begin({ session: { volSessionId: 9, volSessionTime: 9 }, isFull: true, roots: "r", options: [] });
  const running = await begin();
  const failed = await begin();
  failed.sink.add(savedList([{ path: "/x", text: "x" }]));
  await failed[Symbol.asyncDispose]();
  writeFileSync(`${directoryOf(dir.path)}/dead.new`, "left behind");
  assert.deepEqual((await open(dir.path)).sessions.length, 1);
  assert.equal(readdirSync(directoryOf(dir.path)).filter((name) => name.endsWith(".new")).length, 1);
  assert.equal(await running.commit(NOW), undefined);
  await running[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(directoryOf(dir.path)), ["00000002.layer"]);
});

test("only the owner can read what is remembered; another job, store or domain has its own", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("base"));
  const base = dir.file("base/deeper");
  await job(base, [{ path: "/a", text: "a" }], { isFull: true });
  const directory = directoryOf(base);
  assert.deepEqual([statSync(directory).mode & 0o777, statSync(`${directory}/00000001.layer`).mode & 0o777], [0o700, 0o600]);
  for (const [key, value] of Object.entries(SCOPE))
    assert.deepEqual((await open(base, { ...SCOPE, [key]: `${value}2` })).sessions, [], key);
});

test("what was remembered for a job that has not run for more than a year is forgotten", async () => {
  await using dir = await TempDir.make();
  for (const jobName of ["Old", "Recent"]) await open(dir.path, { ...SCOPE, jobName });
  const names = readdirSync(dir.path);
  utimesSync(dir.file(names[0]!), 1_000_000_000, 1_000_000_000);
  await open(dir.path);
  assert.deepEqual([readdirSync(dir.path).includes(names[0]!), readdirSync(dir.path).includes(names[1]!)], [false, true]);
});

test("another list of names, and a clock that was set back, make files be read", async () => {
  await using dir = await TempDir.make();
  await job(dir.path, [{ path: "/a", text: "a" }], { isFull: true });
  assert.deepEqual(ask(await memoryOf(dir.path, undefined, { roots: "other" }), [{ path: "/a" }]), [""]);
  assert.deepEqual(ask(await memoryOf(dir.path, undefined, { nowMs: NOW - 1 }), [{ path: "/a" }]), ["~a"]);
});

test("huge records lie apart and are stepped over; several roots follow each other", async () => {
  await using dir = await TempDir.make();
  const huge = "h".repeat(9_000_000);
  const entries: TestEntry[] = [
    { path: "/a", text: "a" },
    { path: "/h1", text: huge },
    { path: "/h2", text: huge },
    { path: "/z", text: "z" },
    { path: "/a", root: 1, text: "a1" },
  ];
  await job(dir.path, entries, { isFull: true });
  const start = await memoryOf(dir.path);
  const answers = ask(start, entries);
  assert.deepEqual(
    answers.map((answer) => answer.length),
    [2, huge.length + 1, huge.length + 1, 2, 3],
  );
  assert.deepEqual(ask(start, [{ path: "/z", stat: testStat(3) }]), ["=z"]);
  assert.deepEqual(ask(start, [{ path: "/a", root: 1, stat: testStat(4) }]), ["=a1"]);
});

test("records that no entry can have are not written: further names of hard links, and what is out of order", async () => {
  await using dir = await TempDir.make();
  await job(
    dir.path,
    [
      { path: "/a", type: fileType.hardLink, text: undefined },
      { path: "/b", root: -1, text: "b" },
      { path: "/c", isReusable: false, text: undefined },
      { path: "/d", text: "d" },
      { path: `/e/${"x".repeat(70_000)}`, text: "too long" },
    ],
    { isFull: true },
  );
  assert.deepEqual(ask(await memoryOf(dir.path), [{ path: "/a" }, { path: "/b" }, { path: "/c" }, { path: "/d" }]), [
    "",
    "",
    "",
    "=d",
  ]);
  assert.equal(testRun("d").byteLength, 13);
});
