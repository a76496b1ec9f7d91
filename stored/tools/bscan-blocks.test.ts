import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { writeRecordHeader } from "#lib/wire/record.ts";
import { BLOCK_HEADER_BYTES } from "#stored/volume/format.ts";
import { blockContents } from "./bscan-blocks.ts";
import { ScannedSession } from "./bscan-session.ts";
import type { ReadBlock } from "#stored/volume/block-reader.ts";

function blockOf(bytes: Uint8Array): ReadBlock {
  const header = {
    version: 2,
    checksum: 0,
    size: bytes.byteLength,
    number: 1,
    session: { id: 1, time: 2 },
    headerBytes: 24,
  } as const;
  return { address: 0, bytes, header };
}

/** A block of records of 10 bytes each with these FileIndexes. */
function blockWith(fileIndexes: readonly number[]): ReadBlock {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + fileIndexes.length * 22);
  const view = new DataView(bytes.buffer);
  for (const [at, fileIndex] of fileIndexes.entries())
    writeRecordHeader(view, BLOCK_HEADER_BYTES + at * 22, { fileIndex, stream: 2, dataSize: 10 });
  return blockOf(bytes);
}

test("a block says which files lie in it, and labels are none", () => {
  assert.deepEqual(blockContents(blockWith([-4, 3, 3, 4, 6, -5])), { first: 3, last: 6, files: 3, bytes: 40 });
  assert.deepEqual(blockContents(blockWith([-4, -7])), { first: 0, last: 0, files: 0, bytes: 0 });
});

test("whatever stands in a block, its contents are counted within it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: BLOCK_HEADER_BYTES, maxLength: 4000 }), (bytes) => {
      const { first, last, files, bytes: data } = blockContents(blockOf(bytes));
      assert.ok(data <= bytes.byteLength && files <= bytes.byteLength && first >= 0 && last >= 0);
    }),
  );
});

test("a file that goes on in the next block is one file, and a run without files is none", () => {
  const session = new ScannedSession({ id: 1, time: 2 });
  session.extend("V1", { first: 0, last: 0, files: 0, bytes: 0, start: 100, end: 199 });
  session.extend("V1", { first: 1, last: 2, files: 2, bytes: 50, start: 200, end: 299 });
  session.extend("V1", { first: 2, last: 5, files: 3, bytes: 50, start: 500, end: 599 });
  assert.equal(session.files, 4);
  assert.deepEqual(session.takeRegion(), { firstIndex: 1, lastIndex: 5, startAddress: 100, endAddress: 599 });
  session.extend("V2", { first: 0, last: 0, files: 0, bytes: 0, start: 0, end: 9 });
  assert.equal(session.takeRegion(), undefined);
  assert.equal(session.volIndex, 2);
});
