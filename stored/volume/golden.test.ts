import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readBatch } from "#lib/wire/record.ts";
import { anyEntry } from "../testing/device-bench.ts";
import { bytesOfDump, dumpOf, sampleVolume } from "../testing/sample-volume.ts";
import { BB01_ID } from "./format.ts";
import { readLabelBlock } from "./label-block.ts";
import { VolumeReader } from "./volume-reader.ts";

const page = new URL("../../docs/formats/volume.md", import.meta.url);

async function documentedDump(): Promise<string[]> {
  const text = await readFile(page, "utf8");
  return text.split("\n").filter((line) => /^[0-9a-f]{6} {2}/.test(line));
}

function readRecords(
  bytes: Buffer,
  volume: string,
): { readonly records: readonly (readonly [number, number, string])[]; readonly damages: string[] } {
  const reader = new VolumeReader();
  const source = {
    readAt: (into: Uint8Array, address: number) => {
      const part = bytes.subarray(Math.min(address, bytes.length), Math.min(address + into.byteLength, bytes.length));
      into.set(part);
      return part.length;
    },
  };
  reader.openVolume(volume, source, [anyEntry(volume)]);
  const { items } = reader.read(1_000_000);
  reader.end();
  const records = items.flatMap((item) => (item.kind === "batch" ? [...readBatch(item.batch)] : []));
  return {
    records: records.map(({ fileIndex, stream, data }) => [fileIndex, stream, Buffer.from(data).toString("latin1")] as const),
    damages: reader.takeDamages(),
  };
}

test("the Volume in the documentation is what is written today", async () => {
  assert.deepEqual(dumpOf(await sampleVolume()), await documentedDump());
});

test("the Volume in the documentation is read", async () => {
  const bytes = bytesOfDump(await documentedDump());
  assert.equal(readLabelBlock(bytes).label.volume, "Sample-0001");
  const { records, damages } = readRecords(bytes, "Sample-0001");
  assert.deepEqual(damages, []);
  assert.deepEqual(
    records.map(([fileIndex, stream]) => [fileIndex, stream]),
    [
      [1, 1],
      [1, 2],
      [1, 3],
    ],
  );
  assert.equal(records[1]?.[2], "hello world");
});

test("a block of the older format BB01, with sessions in its records, is read", () => {
  const record = (session: number, stream: number, text: string) => {
    const header = Buffer.alloc(20);
    for (const [at, value] of [session, 1000, 1, stream, text.length].entries()) header.writeInt32BE(value, at * 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const body = Buffer.concat([record(1, 2, "of session one"), record(2, 2, "of session two")]);
  const header = Buffer.alloc(16);
  header.writeUInt32BE(16 + body.length, 4);
  header.writeUInt32BE(BB01_ID, 12);
  const { records, damages } = readRecords(Buffer.concat([header, body]), "Old");
  assert.deepEqual(damages, []);
  assert.deepEqual(
    records.map(([, , text]) => text),
    ["of session one", "of session two"],
  );
});
