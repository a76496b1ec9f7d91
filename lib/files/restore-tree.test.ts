import assert from "node:assert/strict";
import { createHash, hash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sharedBuffer } from "#lib/base/shared-buffer.ts";
import { chunkMethod, FRAME_HEADER_BYTES, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { BATCH_BYTES_MAX, RECORD_HEADER_BYTES, writeRecordHeader } from "#lib/wire/record.ts";
import { RestoreTree } from "./restore-tree.ts";
import type { RestoreTreeOptions } from "./restore-tree.ts";

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

function attributes(fileIndex: number, name: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(attributeBytesMax(name.length, 0));
  const stat = { ...STAT, size, mode: 0o100644 };
  const end = putAttributes(bytes, 0, { fileIndex, type: 3, name, link: "", stat, exact: undefined });
  return record(fileIndex, streamType.attributes, bytes.subarray(0, end));
}

/** Records of one file. */
function file(fileIndex: number, name: string, content: string): Uint8Array {
  return Buffer.concat([
    attributes(fileIndex, name, content.length),
    record(fileIndex, streamType.fileData, Buffer.from(content)),
  ]);
}

/** A record of a chunk that is not compressed: it is written from where it was received. */
function chunk(fileIndex: number, address: number, plain: Uint8Array): Uint8Array {
  const data = Buffer.alloc(8 + FRAME_HEADER_BYTES + plain.byteLength);
  data.writeBigUInt64BE(BigInt(address));
  data.set(plain, 8 + FRAME_HEADER_BYTES);
  const header = { method: chunkMethod.raw, level: 0, plainBytes: plain.byteLength, storedBytes: plain.byteLength };
  writeFrameHeader(data, 8, header, hash("sha256", plain, "buffer"));
  return record(fileIndex, streamType.chunkData, data);
}

function options(where: string, notes: string[]): RestoreTreeOptions {
  return {
    where,
    regexWhere: "",
    replace: "always",
    numericIds: false,
    prefixLinks: false,
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    signal: new AbortController().signal,
    threads: 4,
  };
}

test("of several jobs with the same names the last one wins, however busy the writers are", async () => {
  await using dir = await TempDir.make();
  const notes: string[] = [];
  await using tree = new RestoreTree(options(dir.path, notes));
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

/** Files as chunks and as plain data, some with a digest that is compared only when the next batch has come; cut into batches anywhere. */
function manyFiles(): { readonly records: Uint8Array[]; readonly contents: Map<string, Buffer> } {
  const records: Uint8Array[] = [];
  const contents = new Map<string, Buffer>();
  for (let index = 1; index <= 240; index++) {
    const pieces = Array.from({ length: 1 + (index % 7) }, () => randomBytes(1 + ((index * 7919) % 40_000)));
    const content = Buffer.concat(pieces);
    contents.set(`/f${index}`, content);
    records.push(attributes(index, `/f${index}`, content.length));
    let address = 0;
    for (const piece of pieces) {
      const isChunk = index % 3 > 0;
      records.push(isChunk ? chunk(index, address, piece) : record(index, streamType.fileData, piece));
      address += piece.length;
    }
    records.push(record(index, streamType.md5, createHash("md5").update(content).digest()));
  }
  return { records, contents };
}

test("a batch that is lent is given back once, when no writer reads it any more", async () => {
  await using dir = await TempDir.make();
  const notes: string[] = [];
  const { records, contents } = manyFiles();
  const free: ArrayBuffer[] = [];
  let lent = 0;
  await using tree = new RestoreTree(options(dir.path, notes));
  tree.session("s");
  const add = async (batch: Uint8Array): Promise<void> => {
    // Some bytes of a message come before the batch.
    const buffer = free.pop() ?? sharedBuffer(BATCH_BYTES_MAX + 64);
    const bytes = new Uint8Array(buffer, 11, batch.byteLength);
    bytes.set(batch);
    lent++;
    let isFree = false;
    await tree.add(bytes, () => {
      assert.equal(isFree, false, "given back twice");
      isFree = true;
      lent--;
      bytes.fill(0xee);
      free.push(buffer);
    });
  };
  let batch: Uint8Array[] = [];
  for (const [at, one] of records.entries()) {
    batch.push(one);
    if (at % 17 !== 0 && Buffer.concat(batch).length < 300_000) continue;
    await add(Buffer.concat(batch));
    batch = [];
  }
  await add(Buffer.concat(batch));
  await add(new Uint8Array(0));
  const counts = await tree.finish();
  assert.deepEqual([counts.files, counts.errors, notes, lent], [contents.size, 0, [], 0]);
  for (const [name, content] of contents) assert.ok(readFileSync(join(dir.path, name)).equals(content), name);
});
