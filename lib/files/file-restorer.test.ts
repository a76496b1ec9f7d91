import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { FileRestorer } from "./file-restorer.ts";
import { RestorePlace } from "./restore-place.ts";
import { relocation } from "./relocate.ts";
import { restore, type SavedRecord } from "./testing/chunk-records.ts";

const STAT = {
  ...decodeLStat("P4A ISI7 IGk B A A A G BAA I BrAUSg BrAUR1 BrAUR1 A A C")!,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
};

function attributes(
  fileIndex: number,
  name: string,
  more: { type?: number; size?: number; link?: string; mtime?: number; mode?: number } = {},
): SavedRecord {
  const {
    type = 3,
    size = 0,
    link = "",
    mtime = STAT.mtime,
    mode = type === 5 ? 0o40755 : type === 4 ? 0o120777 : 0o100644,
  } = more;
  const bytes = Buffer.alloc(attributeBytesMax(name.length, link.length));
  const end = putAttributes(bytes, 0, { fileIndex, type, name, link, stat: { ...STAT, size, mtime, mode }, exact: undefined });
  return [fileIndex, streamType.attributes, bytes.subarray(0, end)];
}

function file(fileIndex: number, name: string, content: string, mtime = STAT.mtime): SavedRecord[] {
  const data = Buffer.from(content);
  return [
    attributes(fileIndex, name, { size: data.length, mtime }),
    [fileIndex, streamType.fileData, data],
    [fileIndex, streamType.md5, createHash("md5").update(data).digest()],
  ];
}

test("data in several records, links and directories come back", async () => {
  await using dir = await TempDir.make();
  const { counts, notes } = restore(dir.path, [
    attributes(1, "/d/long", { size: 6 }),
    [1, streamType.fileData, Buffer.from("abc")],
    [1, streamType.fileData, Buffer.from("def")],
    [1, streamType.md5, createHash("md5").update("abcdef").digest()],
    attributes(2, "/d/link", { type: 4, link: "long" }),
    attributes(3, "/d/hard", { type: 1, link: "/d/long" }),
    attributes(4, "/d/", { type: 5, mode: 0o40700, mtime: 1_000_000 }),
  ]);
  assert.deepEqual([counts.files, counts.errors, notes], [4, 0, []]);
  assert.equal(readFileSync(dir.file("d/hard"), "utf8"), "abcdef");
  assert.equal(lstatSync(dir.file("d/hard")).ino, lstatSync(dir.file("d/long")).ino);
  assert.deepEqual([lstatSync(dir.file("d")).mode & 0o777, lstatSync(dir.file("d")).mtimeMs], [0o700, 1_000_000_000]);
});

test("nothing is written through a link, neither planted before nor restored before", async () => {
  await using dir = await TempDir.make();
  mkdirSync(dir.file("outside"));
  mkdirSync(dir.file("r"));
  symlinkSync("../outside", dir.file("r/planted"));
  const { counts, notes } = restore(dir.file("r"), [
    ...file(1, "/planted/x", "evil"),
    attributes(2, "/made", { type: 4, link: "../outside" }),
    ...file(3, "/made/y", "evil"),
    ...file(4, "/a/../../outside/z", "evil"),
    attributes(5, "/hard", { type: 1, link: "/made/../../outside/q" }),
  ]);
  assert.deepEqual(readdirSync(dir.file("outside")), []);
  assert.equal(counts.errors, 4, notes.join("\n"));
  assert.ok(
    notes.some((note) => note.includes("symbolic link")) && notes.some((note) => note.includes("leads out")),
    notes.join("\n"),
  );
});

test("a tree of any depth comes back with few directories open", async () => {
  await using dir = await TempDir.make();
  const path = (depth: number) => "/d".repeat(depth);
  const { directories } = new RestorePlace(
    { relocation: relocation(dir.path, ""), replace: "always", numericIds: false, prefixLinks: false, note: () => {} },
    { files: 0, bytes: 0, errors: 0, skipped: 0 },
  );
  directories.open(path(600));
  assert.ok(readdirSync("/proc/self/fd").length < 250, String(readdirSync("/proc/self/fd").length));
  directories[Symbol.dispose]();
  const depths = Array.from({ length: 600 }, (_, index) => 600 - index);
  const { counts, notes } = restore(dir.path, [
    ...file(1, `${path(600)}/leaf`, "leaf"),
    ...depths.map((depth) => attributes(601 - depth + 1, `${path(depth)}/`, { type: 5, mtime: 1_000_000 + depth })),
  ]);
  assert.deepEqual([counts.files, counts.errors, notes], [601, 0, []]);
  for (const depth of [1, 127, 128, 129, 600])
    assert.equal(lstatSync(dir.path + path(depth)).mtimeMs, (1_000_000 + depth) * 1000, String(depth));
});

test("a file in the place of a link replaces the link, not what it points to", async () => {
  await using dir = await TempDir.make();
  writeFileSync(dir.file("precious"), "precious");
  mkdirSync(dir.file("r"));
  symlinkSync("../precious", dir.file("r/f"));
  restore(dir.file("r"), file(1, "/f", "new"));
  assert.deepEqual([readFileSync(dir.file("precious"), "utf8"), readFileSync(dir.file("r/f"), "utf8")], ["precious", "new"]);
});

test("replace policies against an older and a newer file", async () => {
  for (const [replace, expected] of [
    ["always", "n"],
    ["never", "o"],
    ["ifnewer", "n"],
    ["ifolder", "o"],
  ] as const) {
    await using dir = await TempDir.make();
    writeFileSync(dir.file("f"), "o");
    utimesSync(dir.file("f"), 1000, 1000);
    const { counts } = restore(dir.path, file(1, "/f", "n", 2000), { replace });
    assert.equal(readFileSync(dir.file("f"), "utf8"), expected, replace);
    assert.deepEqual([counts.files, counts.skipped], expected === "n" ? [1, 0] : [0, 1], replace);
  }
});

test("a wrong digest, missing data and an encrypted file are errors that name the file; others come back", async () => {
  await using dir = await TempDir.make();
  const [head, data] = file(1, "/damaged", "content");
  const { counts, notes } = restore(dir.path, [
    head!,
    data!,
    [1, streamType.md5, Buffer.alloc(16)],
    attributes(2, "/short", { size: 10 }),
    [2, streamType.fileData, Buffer.from("abc")],
    attributes(3, "/secret", { size: 10 }),
    [3, streamType.encryptedFileData, Buffer.alloc(32)],
    ...file(4, "/good", "good"),
  ]);
  assert.deepEqual([counts.files, counts.errors, existsSync(dir.file("secret"))], [1, 3, false]);
  for (const name of ["damaged", "short", "secret"])
    assert.ok(
      notes.some((note) => note.startsWith("error") && note.includes(name)),
      `${name}: ${notes.join("\n")}`,
    );
});

test("parts of other systems are left out with one warning, the data comes back", async () => {
  await using dir = await TempDir.make();
  const { counts, notes } = restore(dir.path, [
    ...file(1, "/a", "a"),
    [1, 13, Buffer.alloc(4)],
    ...file(2, "/b", "b"),
    [2, 13, Buffer.alloc(4)],
    [2, 1001, Buffer.alloc(4)],
  ]);
  assert.deepEqual([counts.files, counts.errors, notes.length], [2, 0, 2]);
  assert.match(notes[0]!, /resource fork/);
});

test("holes are made anew, also one at the end", async () => {
  await using dir = await TempDir.make();
  const address = Buffer.alloc(8);
  address.writeBigUInt64BE(8_000_000n);
  const { counts } = restore(dir.path, [
    attributes(1, "/sparse", { size: 16_000_000 }),
    [1, streamType.sparseData, Buffer.concat([address, Buffer.from("data")])],
  ]);
  const stat = lstatSync(dir.file("sparse"));
  assert.deepEqual([counts.errors, stat.size, stat.blocks < 1000], [0, 16_000_000, true]);
  assert.equal(readFileSync(dir.file("sparse")).toString("latin1", 8_000_000, 8_000_004), "data");
});

test("10,000 damaged streams of records: notes, never a throw, nothing outside", async () => {
  await using dir = await TempDir.make();
  const records = [
    ...file(1, "/a", "content of a"),
    attributes(2, "/l", { type: 4, link: "x" }),
    attributes(3, "/h", { type: 1, link: "/a" }),
    attributes(4, "/d/", { type: 5 }),
  ];
  const change = fc.tuple(
    fc.nat(records.length - 1),
    fc.nat(200),
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0, 1, 2, 3, 4, 6, 7, 10, 20, 29, 30, 1008, 1998, 5555),
  );
  const quiet = { note: () => {} };
  for (const batch of fc.sample(
    fc.array(fc.array(change, { minLength: 1, maxLength: 5 }), { minLength: 100, maxLength: 100 }),
    { numRuns: 100, seed: 42 },
  )) {
    using restorer = new FileRestorer({
      relocation: relocation(dir.file("r"), ""),
      replace: "always",
      numericIds: false,
      prefixLinks: false,
      ...quiet,
    });
    for (const changes of batch) {
      const damaged = records.map(
        ([fileIndex, stream, data]) => [fileIndex, stream, Buffer.from(data)] as [number, number, Buffer],
      );
      for (const [which, at, value, stream] of changes) {
        const record = damaged[which]!;
        if (stream === 0) record[2][at % Math.max(1, record[2].length)] = value;
        else if (at % 3 === 0) record[1] = stream;
        else record[2] = record[2].subarray(0, at);
      }
      for (const [fileIndex, stream, data] of damaged) restorer.record(fileIndex, stream, data);
      restorer.endFile();
    }
    restorer.makeLinks();
    restorer.setDirectories();
  }
  assert.deepEqual(readdirSync(dir.path), ["r"]);
});

test("sessions that alternate within a file get their own files, and links of one that has ended are made before the next", async () => {
  await using dir = await TempDir.make();
  const notes: string[] = [];
  using restorer = new FileRestorer({
    relocation: relocation(dir.path, ""),
    replace: "always",
    numericIds: false,
    prefixLinks: false,
    note: (kind, text) => notes.push(`${kind}: ${text}`),
  });
  const data = (index: number, text: string): SavedRecord => [index, streamType.fileData, Buffer.from(text)];
  const steps: readonly (readonly [session: string, record: SavedRecord])[] = [
    ["1:9", attributes(1, "/one", { size: 8 })],
    ["1:9", data(1, "one ")],
    ["2:9", attributes(1, "/two", { size: 8 })],
    ["2:9", data(1, "two ")],
    ["1:9", data(1, "more")],
    ["1:9", attributes(2, "/link", { type: 1, link: "/one" })],
    ["2:9", data(1, "MORE")],
  ];
  for (const [session, record] of steps) {
    restorer.session(session);
    restorer.record(...record);
    restorer.letGo();
  }
  restorer.session("1:9");
  restorer.endSessionFile();
  restorer.makeSessionLinks();
  assert.equal(lstatSync(`${dir.path}/link`).nlink, 2);
  restorer.session("3:9");
  for (const record of file(1, "/link", "later")) restorer.record(...record);
  restorer.endFile();
  restorer.makeLinks();
  assert.deepEqual(notes, []);
  assert.equal(readFileSync(`${dir.path}/one`, "utf8"), "one more");
  assert.equal(readFileSync(`${dir.path}/two`, "utf8"), "two MORE");
  assert.equal(readFileSync(`${dir.path}/link`, "utf8"), "later");
});
