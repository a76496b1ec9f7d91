import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, putListAddress, putListEntry } from "#lib/chunk/chunk-list.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { BatchBuilder, readBatch } from "#lib/wire/record.ts";
import { containerPath } from "../chunks/container-name.ts";
import { frameOf } from "../testing/chunk-client.ts";
import { ChunkExpander } from "./chunk-expander.ts";
import type { ChunkPlaces } from "../chunks/store-calls.ts";
import type { Locate } from "./chunk-expander.ts";
import type { ReadItem } from "../volume/volume-reader.ts";

const session = { id: 3, time: 1_767_323_045 };

/** Containers on disk, written by hand, and where each chunk lies. */
class Containers {
  readonly #dir: TempDir;
  readonly places = new Map<string, { container: number; offset: number; bytes: number }>();
  /** Questions that came. */
  asked = 0;

  constructor(dir: TempDir) {
    this.#dir = dir;
  }

  /** Writes a container of these chunks, with `gap` bytes of something else before each. */
  write(container: number, chunks: readonly Uint8Array[], gap = 0): void {
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (const chunk of chunks) {
      const frame = frameOf(chunk);
      parts.push(new Uint8Array(gap), frame);
      this.places.set(idOf(chunk).toString("hex"), { container, offset: offset + gap, bytes: frame.byteLength });
      offset += gap + frame.byteLength;
    }
    mkdirSync(dirname(this.path(container)), { recursive: true });
    writeFileSync(this.path(container), Buffer.concat(parts));
  }

  path(container: number): string {
    return containerPath(this.#dir.path, container);
  }

  readonly locate: Locate = async (_session, ids) => {
    this.asked += 1;
    const count = ids.byteLength / CHUNK_ID_BYTES;
    const places: ChunkPlaces = {
      directory: this.#dir.path,
      containers: new Uint32Array(count),
      offsets: new Uint32Array(count),
      bytes: new Uint32Array(count),
    };
    for (let at = 0; at < count; at += 1) {
      const id = Buffer.from(ids.subarray(at * CHUNK_ID_BYTES, (at + 1) * CHUNK_ID_BYTES)).toString("hex");
      const place = this.places.get(id);
      if (place === undefined) continue;
      places.containers[at] = place.container;
      places.offsets[at] = place.offset;
      places.bytes[at] = place.bytes;
    }
    return places;
  };
}

function idOf(chunk: Uint8Array): Buffer {
  return hash("sha256", chunk, "buffer");
}

function listOf(address: number, chunks: readonly Uint8Array[]): Uint8Array {
  const record = new Uint8Array(LIST_HEADER_BYTES + chunks.length * LIST_ENTRY_BYTES);
  putListAddress(record, address);
  for (const [at, chunk] of chunks.entries())
    putListEntry(record, LIST_HEADER_BYTES + at * LIST_ENTRY_BYTES, chunk.byteLength, idOf(chunk));
  return record;
}

type PlainRecord = readonly [fileIndex: number, stream: number, data: Uint8Array];

function batchOf(records: readonly PlainRecord[]): ReadItem {
  const builder = new BatchBuilder();
  for (const [fileIndex, stream, data] of records) builder.append(fileIndex, stream, data);
  return { kind: "batch", batch: builder.take() };
}

const sessionItem: ReadItem = { kind: "session", session, jobId: 12 };

/** Expands all, and answers the records as text that can be compared, and the damages. */
async function expanded(containers: Containers, items: readonly ReadItem[]) {
  using expander = new ChunkExpander(containers.locate);
  expander.add(items);
  const records: string[] = [];
  let windows = 0;
  for (; !expander.isEmpty; windows += 1)
    for (const item of await expander.take()) {
      if (item.kind === "session") records.push(`session ${item.session.id}`);
      else for (const { fileIndex, stream, data } of readBatch(item.batch)) records.push(textOf(fileIndex, stream, data));
    }
  return { records, damages: expander.takeDamages(), windows };
}

function textOf(fileIndex: number, stream: number, data: Uint8Array): string {
  return `${fileIndex} ${stream} ${hash("sha256", data)}`;
}

function chunkText(fileIndex: number, address: number, frame: Uint8Array): string {
  const data = Buffer.alloc(8 + frame.byteLength);
  data.writeBigUInt64BE(BigInt(address));
  data.set(frame, 8);
  return textOf(fileIndex, 1601, data);
}

test("lists become their chunks in order, other records stay between them, wherever the chunks lie", async () => {
  await using dir = await TempDir.make();
  const pool = Array.from({ length: 40 }, (_, at) =>
    at % 2 === 0 ? randomBytes(1 + at * 3000) : Buffer.alloc(50_000, `t${at}`),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }),
      fc.constantFrom(0, 5, 80_000),
      fc.array(fc.array(fc.nat(39), { maxLength: 12 }), { maxLength: 8 }),
      async (containerOf, gap, files) => {
        const containers = new Containers(dir);
        for (const number of [0, 1, 2])
          containers.write(
            number + 1,
            pool.filter((_, at) => containerOf[at] === number),
            gap,
          );
        const records: PlainRecord[] = [];
        const wanted: string[] = ["session 3"];
        for (const [index, picks] of files.entries()) {
          const attributes = Buffer.from(`file ${index}`);
          records.push([index + 1, 1, attributes]);
          wanted.push(textOf(index + 1, 1, attributes));
          if (picks.length === 0) continue;
          const chunks = picks.map((pick) => pool[pick]!);
          records.push([index + 1, 1600, listOf(1000, chunks)]);
          let address = 1000;
          for (const chunk of chunks) {
            wanted.push(chunkText(index + 1, address, frameOf(chunk)));
            address += chunk.byteLength;
          }
        }
        const { records: got, damages } = await expanded(containers, [
          sessionItem,
          batchOf(records),
          batchOf([[99, 1, pool[0]!]]),
        ]);
        assert.deepEqual(damages, []);
        assert.deepEqual(got, [...wanted, textOf(99, 1, pool[0]!)]);
      },
    ),
    { numRuns: 25 },
  );
});

test("a long list is expanded in windows, each located by one question", async () => {
  await using dir = await TempDir.make();
  const containers = new Containers(dir);
  const chunks = Array.from({ length: 50 }, () => randomBytes(1_000_000));
  containers.write(1, chunks);
  const { records, windows } = await expanded(containers, [sessionItem, batchOf([[1, 1600, listOf(0, chunks)]])]);
  assert.deepEqual(
    records.slice(1),
    chunks.map((chunk, at) => chunkText(1, at * 1_000_000, frameOf(chunk))),
  );
  assert.equal(windows, 6);
  assert.equal(containers.asked, 6);
});

test("batches without a list are handed on as they are", async () => {
  await using dir = await TempDir.make();
  using expander = new ChunkExpander(new Containers(dir).locate);
  const batch = batchOf([[1, 2, randomBytes(500_000)]]);
  expander.add([sessionItem, batch]);
  assert.deepEqual(await expander.take(), [sessionItem, batch]);
});

test("chunks that are missing, damaged, or in a container that is gone are named, and their records hold the address alone", async () => {
  await using dir = await TempDir.make();
  const containers = new Containers(dir);
  const [good, missing, damaged, gone, last] = Array.from({ length: 5 }, () => randomBytes(40_000)) as Buffer[];
  containers.write(1, [good!, damaged!, last!]);
  containers.write(2, [gone!]);
  rmSync(containers.path(2));
  const bytes = Buffer.concat([frameOf(good!), frameOf(damaged!), frameOf(last!)]);
  bytes[60_000]! ^= 8;
  writeFileSync(containers.path(1), bytes);
  const list = listOf(0, [good!, missing!, damaged!, gone!, last!]);
  const { records, damages } = await expanded(containers, [sessionItem, batchOf([[7, 1600, list]])]);
  assert.deepEqual(records.slice(1), [
    chunkText(7, 0, frameOf(good!)),
    chunkText(7, 40_000, new Uint8Array(0)),
    chunkText(7, 80_000, new Uint8Array(0)),
    chunkText(7, 120_000, new Uint8Array(0)),
    chunkText(7, 160_000, frameOf(last!)),
  ]);
  assert.equal(damages.length, 3);
  for (const [at, text] of [
    [40_000, "it is not in the store"],
    [80_000, "the checksum of its frame is wrong"],
    [120_000, "No such file or directory"],
  ] as const)
    assert.ok(
      damages.some((line) => line.startsWith(`JobId 12, FileIndex 7: 40000 bytes at ${at} `) && line.includes(text)),
      damages.join("\n"),
    );
});

test("a container that a collection has written anew meanwhile is found where it is now", async () => {
  await using dir = await TempDir.make();
  const containers = new Containers(dir);
  const chunks = [randomBytes(30_000), randomBytes(30_000)];
  containers.write(1, chunks);
  const stale: Locate = async (of, ids) => {
    const places = await containers.locate(of, ids);
    if (containers.asked > 1) return places;
    renameSync(containers.path(1), containers.path(9));
    for (const place of containers.places.values()) place.container = 9;
    return places;
  };
  using expander = new ChunkExpander(stale);
  expander.add([sessionItem, batchOf([[1, 1600, listOf(0, chunks)]])]);
  await expander.take();
  assert.deepEqual(expander.takeDamages(), []);
});

test("lists that are none are damage of their file, and what follows is expanded", async () => {
  await using dir = await TempDir.make();
  const containers = new Containers(dir);
  const chunk = randomBytes(1000);
  containers.write(1, [chunk]);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const { records, damages } = await expanded(containers, [
        sessionItem,
        batchOf([
          [1, 1600, bytes],
          [2, 1600, listOf(0, [chunk])],
        ]),
      ]);
      assert.ok(damages.length > 0);
      assert.equal(records.at(-1), chunkText(2, 0, frameOf(chunk)));
    }),
  );
});
