import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { streamType } from "#lib/streams/stream-type.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { attributes, chunk, md5, restore } from "./testing/chunk-records.ts";

const text = Buffer.from("all work and no play makes Jack a dull boy. ".repeat(10_000));
const noise = randomBytes(300_000);

test("chunks, packed and raw, become the file; its other digest need not be taken again", async () => {
  await using dir = await TempDir.make();
  const size = text.length + noise.length;
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/f", size),
    chunk(1, 0, text),
    chunk(1, text.length, noise),
    // Nobody looks: the chunks cover the file, and each was checked.
    [1, streamType.md5, Buffer.alloc(16)],
  ]);
  assert.deepEqual([counts.files, counts.bytes, counts.errors, notes], [1, size, 0, []]);
  assert.ok(readFileSync(dir.file("f")).equals(Buffer.concat([text, noise])));
  assert.equal(lstatSync(dir.file("f")).mode & 0o777, 0o640);
});

test("holes between chunks and at the end stay holes, and the digest over the data is taken", async () => {
  await using dir = await TempDir.make();
  const records = [
    attributes(1, "/f", 40_000_000),
    chunk(1, 8_000_000, text),
    chunk(1, 20_000_000, noise),
    md5(1, text, noise),
  ];
  const { counts, notes } = restore(dir.path, records);
  assert.deepEqual([counts.files, counts.errors, notes], [1, 0, []]);
  const stat = lstatSync(dir.file("f"));
  assert.deepEqual([stat.size, stat.blocks < 4000], [40_000_000, true]);
  const content = readFileSync(dir.file("f"));
  assert.ok(content.subarray(8_000_000, 8_000_000 + text.length).equals(text));
  assert.ok(content.subarray(20_000_000, 20_000_000 + noise.length).equals(noise));
});

test("a file that is nothing but a hole has its length", async () => {
  await using dir = await TempDir.make();
  const { counts, notes } = restore(dir.path, [attributes(1, "/f", 3_000_000, streamType.chunkList), md5(1)]);
  assert.deepEqual([counts.files, counts.errors, notes], [1, 0, []]);
  assert.deepEqual([lstatSync(dir.file("f")).size, lstatSync(dir.file("f")).blocks], [3_000_000, 0]);
});

test("a chunk that did not come, in the middle or at the end, is noticed by the digest", async () => {
  await using dir = await TempDir.make();
  const size = 2 * noise.length + text.length;
  const digest = (index: number) => md5(index, noise, text, noise);
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/middle", size),
    chunk(1, 0, noise),
    chunk(1, noise.length + text.length, noise),
    digest(1),
    attributes(2, "/end", size),
    chunk(2, 0, noise),
    chunk(2, noise.length, text),
    digest(2),
  ]);
  assert.deepEqual([counts.files, counts.errors, notes.length], [0, 2, 2]);
  assert.match(notes.join("\n"), /middle".*damaged[^]*end".*damaged/);
});

test("a damaged chunk costs its place in its file, which is named once; the rest comes back", async () => {
  await using dir = await TempDir.make();
  const [, stream, data] = chunk(1, text.length, noise);
  const flipped = Buffer.from(data);
  flipped[1000]! ^= 1;
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/damaged", text.length + 2 * noise.length),
    chunk(1, 0, text),
    [1, stream, flipped],
    chunk(1, text.length + noise.length, noise),
    md5(1, text, noise, noise),
    attributes(2, "/good", text.length),
    chunk(2, 0, text),
  ]);
  assert.deepEqual([counts.files, counts.errors, notes.length], [1, 1, 1]);
  assert.match(notes[0]!, /^error: ".*\/damaged" is damaged: of its chunk at byte 440000 its bytes/);
  const content = readFileSync(dir.file("damaged"));
  assert.ok(content.subarray(0, text.length).equals(text) && content.subarray(text.length + noise.length).equals(noise));
  assert.ok(readFileSync(dir.file("good")).equals(text));
});

test("of short chunks that are written together a damaged one costs its own place", async () => {
  await using dir = await TempDir.make();
  const bytes = 3000;
  for (const damaged of [0, 1, 7, 30, 59]) {
    // Compressed and raw ones, so that some lie in the buffer and some where they came.
    const plain = Array.from({ length: 60 }, (_, at) =>
      at % 3 === 1 ? randomBytes(bytes) : Buffer.alloc(bytes, `piece ${at} `),
    );
    const records = plain.map((piece, at) => chunk(1, at * bytes, piece));
    const [, , data] = records[damaged]!;
    data[data.length - 5]! ^= 1;
    const { counts, notes } = restore(dir.path, [attributes(1, "/f", 60 * bytes), ...records, md5(1, ...plain)]);
    assert.deepEqual([counts.files, counts.errors, notes.length, counts.bytes], [0, 1, 1, 59 * bytes], notes.join("\n"));
    assert.match(notes[0]!, new RegExp(`f" is damaged: of its chunk at byte ${damaged * bytes} its bytes`));
    const content = readFileSync(dir.file("f"));
    plain[damaged] = damaged === 59 ? Buffer.alloc(content.length - 59 * bytes) : Buffer.alloc(bytes);
    assert.ok(content.equals(Buffer.concat(plain)), `chunk ${damaged}`);
  }
});

test("a chunk that the storage daemon could not read makes its file damaged, though no digest was saved", async () => {
  await using dir = await TempDir.make();
  const [, stream, data] = chunk(1, text.length, noise);
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/damaged", text.length + noise.length),
    chunk(1, 0, text),
    [1, stream, data.subarray(0, 8)],
    attributes(2, "/good", text.length),
    chunk(2, 0, text),
  ]);
  assert.deepEqual([counts.files, counts.errors, notes.length], [1, 1, 1]);
  assert.match(
    notes[0]!,
    /^error: ".*\/damaged" is damaged: of its chunk at byte 440000 nothing could be read at the storage daemon/,
  );
});

test("a list in the place of chunks, other data among them and data longer than the file are errors that name the file", async () => {
  await using dir = await TempDir.make();
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/list", 100),
    [1, streamType.chunkList, Buffer.alloc(44)],
    attributes(2, "/long", 100),
    chunk(2, 0, text),
    md5(2, text),
    attributes(3, "/good", text.length),
    chunk(3, 0, text),
    attributes(4, "/mixed", 2 * text.length),
    chunk(4, 0, text),
    [4, streamType.fileData, text],
  ]);
  assert.deepEqual([counts.files, counts.errors], [1, 3], notes.join("\n"));
  assert.match(
    notes.join("\n"),
    /list" came with a list of chunks[^]*long" not correct[^]*mixed" is only partly restored: .*chunks and other data/,
  );
  assert.deepEqual(readdirSync(dir.path).toSorted(), ["good", "long", "mixed"]);
});

test("10,000 damaged records of chunks: notes, never a throw, and no wrong byte in a file that counts as restored", async () => {
  await using dir = await TempDir.make();
  const small = text.subarray(0, 3000);
  const good = [attributes(1, "/f", 6000), chunk(1, 0, small), chunk(1, 3000, small), md5(1, small, small)];
  const expected = Buffer.concat([small, small]);
  const change = fc.tuple(fc.nat(2), fc.nat(400), fc.integer({ min: 1, max: 255 }), fc.boolean());
  for (const changes of fc.sample(fc.array(change, { minLength: 1, maxLength: 3 }), { numRuns: 10_000, seed: 7 })) {
    const records = good.map(([fileIndex, stream, data]) => [fileIndex, stream, Buffer.from(data)] as [number, number, Buffer]);
    for (const [which, at, bits, isCut] of changes) {
      const record = records[which + 1]!;
      if (isCut) record[2] = record[2].subarray(0, at);
      else if (record[2].length > 0) record[2][at % record[2].length]! ^= bits;
    }
    const { counts } = restore(dir.path, records);
    if (counts.files === 1) assert.ok(readFileSync(dir.file("f")).equals(expected));
  }
});
