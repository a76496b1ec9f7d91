import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { RECORD_HEADER_BYTES, writeRecordHeader } from "#lib/wire/record.ts";
import { RestoreTree } from "./restore-tree.ts";

const STAT = {
  ...decodeLStat("P4A ISI7 IGk B A A A G BAA I BrAUSg BrAUR1 BrAUR1 A A C")!,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
};

function record(fileIndex: number, stream: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + data.length);
  writeRecordHeader(new DataView(bytes.buffer), 0, { fileIndex, stream, dataSize: data.length });
  bytes.set(data, RECORD_HEADER_BYTES);
  return bytes;
}

/** Records of one file. */
function file(fileIndex: number, name: string, content: string): Uint8Array {
  const attributes = Buffer.alloc(attributeBytesMax(name.length, 0));
  const stat = { ...STAT, size: content.length, mode: 0o100644 };
  const end = putAttributes(attributes, 0, { fileIndex, type: 3, name, link: "", stat, exact: undefined });
  return Buffer.concat([
    record(fileIndex, streamType.attributes, attributes.subarray(0, end)),
    record(fileIndex, streamType.fileData, Buffer.from(content)),
  ]);
}

test("of several jobs with the same names the last one wins, however busy the writers are", async () => {
  await using dir = await TempDir.make();
  const { signal } = new AbortController();
  const notes: string[] = [];
  await using tree = new RestoreTree({
    where: dir.path,
    regexWhere: "",
    replace: "always",
    numericIds: false,
    prefixLinks: false,
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    signal,
    threads: 4,
  });
  const names = Array.from({ length: 40 }, (_, at) => `/f${at}`);
  for (let job = 1; job <= 12; job++) {
    tree.session(`job ${job}`);
    // The first batch keeps a writer busy, so that others are free for what comes behind it.
    const busy = Array.from({ length: 60 }, (_, at) => file(at + 1, `/busy-${job}-${at}`, "x".repeat(4000)));
    await tree.add(Buffer.concat([...busy, ...names.map((name, at) => file(100 + at, name, `of job ${job}`))]));
  }
  const counts = await tree.finish();
  assert.deepEqual([counts.errors, notes], [0, []]);
  for (const name of names) assert.equal(readFileSync(join(dir.path, name), "utf8"), "of job 12", name);
});
