import assert from "node:assert/strict";
import { copyFileSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { BLOCK_CRC_AT, BLOCK_HEADER_BYTES, BLOCK_MAGIC, blockCrc, LAYER_HEADER_BYTES } from "./layer-format.ts";
import { LayerWriter } from "./layer-writer.ts";
import { Memory } from "./memory.ts";
import { savedList, testStat } from "./testing/saved-lists.ts";
import type { TestEntry } from "./testing/saved-lists.ts";

const ENTRIES: TestEntry[] = Array.from({ length: 40 }, (_, number) => ({
  path: `/dir${String(Math.floor(number / 10))}/file${String(number).padStart(3, "0")}`,
  stat: testStat(number),
  text: `records of ${number}`,
}));

async function writeLayer(path: string): Promise<void> {
  const scope = { director: "d", jobName: "j", store: "s", domain: "all", identity: "sha256" };
  const session = { volSessionId: 1, volSessionTime: 2 };
  const writer = await LayerWriter.begin(`${path}.new`, { scope, session, isFull: true, roots: "r", options: ["o"] });
  for (let at = 0; at < ENTRIES.length; at += 8) writer.add(savedList(ENTRIES.slice(at, at + 8)));
  assert.ok(await writer.commit(path, 1));
}

/** Asks for all entries; answers how many were found, and fails if one was found that is not the one saved. */
function askAll(path: string, notes: string[] = [], mayBeWrong = false): number {
  using memory = new Memory({ layers: [{ path, mayBeUnchanged: true }], options: ["o"] }, (text) => notes.push(text));
  let found = 0;
  for (const { path: asked, stat, text } of ENTRIES) {
    const answer = memory.find({ root: 0, path: asked, type: 3, options: 0, stat: stat! });
    if (answer === undefined) continue;
    found++;
    if (!mayBeWrong) {
      assert.equal(Buffer.from(answer.records.subarray(12)).toString("latin1"), text);
      assert.ok(answer.isUnchanged);
    }
  }
  return found;
}

test("10,000 damaged layers: no throw, and never a wrong file", async () => {
  await using dir = await TempDir.make();
  await writeLayer(dir.file("good"));
  assert.equal(askAll(dir.file("good")), ENTRIES.length);
  const good = readFileSync(dir.file("good"));
  const change = fc.oneof(
    fc.record({ kind: fc.constant("flip"), at: fc.nat(good.length - 1), bits: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant("cut"), at: fc.nat(good.length - 1), bits: fc.constant(0) }),
    fc.record({ kind: fc.constant("zero"), at: fc.nat(good.length - 1), bits: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant("double"), at: fc.nat(good.length - 1), bits: fc.constant(0) }),
  );
  let harmed = 0;
  for (const changes of fc.sample(fc.array(change, { minLength: 1, maxLength: 3 }), { numRuns: 10_000, seed: 11 })) {
    let bytes = Buffer.from(good);
    for (const { kind, at, bits } of changes) {
      const place = Math.min(at, Math.max(0, bytes.length - 1));
      if (kind === "flip" && bytes.length > 0) bytes[place]! ^= bits;
      else if (kind === "cut") bytes = bytes.subarray(0, place);
      else if (kind === "zero") bytes.fill(0, place, Math.min(bytes.length, place + bits));
      else bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.floor(place / 2))]);
    }
    writeFileSync(dir.file("bad"), bytes);
    const notes: string[] = [];
    if (askAll(dir.file("bad"), notes) < ENTRIES.length) harmed++;
    assert.ok(notes.length <= 1);
  }
  assert.ok(harmed > 9000, String(harmed));
});

test("2,000 layers that lie under right checksums: no throw, no endless loop, bounded memory", async () => {
  await using dir = await TempDir.make();
  await writeLayer(dir.file("good"));
  const good = readFileSync(dir.file("good"));
  const first = LAYER_HEADER_BYTES + good.readUInt32LE(12);
  assert.equal(good.readUInt32LE(first), BLOCK_MAGIC);
  const payloadBytes = good.readUInt32LE(first + 8);
  const change = fc.tuple(fc.nat(payloadBytes - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
  for (const changes of fc.sample(fc.array(change, { minLength: 1, maxLength: 6 }), { numRuns: 2000, seed: 5 })) {
    const bytes = Buffer.from(good);
    const block = bytes.subarray(first, first + BLOCK_HEADER_BYTES + payloadBytes);
    for (const [at, value] of changes) block[BLOCK_HEADER_BYTES + at] = value;
    block.writeUInt32LE(blockCrc(block, block.subarray(BLOCK_HEADER_BYTES)), BLOCK_CRC_AT);
    writeFileSync(dir.file("bad"), bytes);
    askAll(dir.file("bad"), [], true);
  }
});

test("a layer damaged in the middle answers up to there, and an older one goes on", async () => {
  await using dir = await TempDir.make();
  await writeLayer(dir.file("old"));
  copyFileSync(dir.file("old"), dir.file("new"));
  const bytes = readFileSync(dir.file("new"));
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(dir.file("new"), bytes);
  const notes: string[] = [];
  const start = [dir.file("new"), dir.file("old")].map((path) => ({ path, mayBeUnchanged: true }));
  using memory = new Memory({ layers: start, options: ["o"] }, (text) => notes.push(text));
  for (const { path, stat } of ENTRIES)
    assert.equal(memory.find({ root: 0, path, type: 3, options: 0, stat: stat! })?.isUnchanged, true, path);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /new" is not used: a block in it is damaged/);
});

test("a layer that is gone, a link, a directory or empty is not used, and that is said", async () => {
  await using dir = await TempDir.make();
  await writeLayer(dir.file("good"));
  symlinkSync("good", dir.file("link"));
  writeFileSync(dir.file("empty"), "");
  copyFileSync(dir.file("good"), dir.file("torn"));
  truncateSync(dir.file("torn"), readFileSync(dir.file("good")).length - 3);
  for (const name of ["gone", "link", ".", "empty", "torn"]) {
    const notes: string[] = [];
    assert.equal(askAll(dir.file(name), notes), 0, name);
    assert.equal(notes.length, 1, name);
  }
});
