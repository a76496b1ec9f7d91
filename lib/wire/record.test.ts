import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_HEADROOM_BYTES,
  BatchBuilder,
  BatchCursor,
  RECORD_DATA_BYTES_MAX,
  RECORD_HEADER_BYTES,
  readBatch,
} from "./record.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const record = fc.record(
  { fileIndex: int32, stream: int32, data: fc.uint8Array({ maxLength: 300 }) },
  { noNullPrototype: true },
);

test("what a builder takes in, a reader gives back", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 50 }), (records) => {
      const builder = new BatchBuilder({ capacityBytes: 64 });
      for (const { fileIndex, stream, data } of records) builder.append(fileIndex, stream, data);
      const batch = builder.take();
      if (records.length > 0) assert.equal(batch.byteOffset, BATCH_HEADROOM_BYTES);
      assert.deepEqual(
        [...readBatch(batch)].map((read) => ({ ...read, data: Uint8Array.from(read.data) })),
        records,
      );
      assert.equal(builder.length, 0);
    }),
  );
});

test("any bytes give records or an OperatorError, never another error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      let seen = 0;
      try {
        for (const { data } of readBatch(bytes)) seen += RECORD_HEADER_BYTES + data.byteLength;
        assert.equal(seen, bytes.byteLength);
      } catch (error) {
        assert.ok(error instanceof OperatorError && error.code === "BATCH_INVALID", String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test("a reserved record ends where commit says", () => {
  const builder = new BatchBuilder();
  builder.reserve(7, 2, 1000).fill(5, 0, 10);
  builder.commit(10);
  builder.reserve(8, 2, 1000);
  builder.append(9, 1, new Uint8Array([1]));
  assert.deepEqual(
    [...readBatch(builder.take())].map(({ fileIndex, data }) => [fileIndex, data.byteLength]),
    [
      [7, 10],
      [9, 1],
    ],
  );
});

test("a record longer than a batch travels alone", () => {
  const builder = new BatchBuilder({ capacityBytes: 1024 });
  builder.append(1, 2, new Uint8Array(2 * BATCH_BYTES_MAX));
  assert.equal(builder.fits(0), false);
  assert.throws(() => builder.append(1, 2, new Uint8Array(1)), RangeError);
  const cursor = new BatchCursor(builder.take());
  assert.equal(cursor.next(), true);
  assert.equal(cursor.dataSize, 2 * BATCH_BYTES_MAX);
  assert.equal(cursor.next(), false);
});

test("a batch of several records longer than the bound is refused", () => {
  const bytes = new Uint8Array(2 * RECORD_HEADER_BYTES + BATCH_BYTES_MAX);
  new DataView(bytes.buffer).setUint32(RECORD_HEADER_BYTES + 8, BATCH_BYTES_MAX);
  assert.throws(() => [...readBatch(bytes)], { code: "BATCH_INVALID" });
});

test("a record that claims more than the bound is refused before memory is taken", () => {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  new DataView(bytes.buffer).setUint32(8, RECORD_DATA_BYTES_MAX + 1);
  assert.throws(() => [...readBatch(bytes)], { code: "BATCH_INVALID" });
});

test("a buffer that came back holds the next batch, and one of another length is let go", () => {
  const builder = new BatchBuilder({ capacityBytes: 1000 });
  builder.append(1, 2, Buffer.alloc(100, 1));
  const first = builder.take();
  builder.recycle(first.buffer);
  builder.recycle(new ArrayBuffer(5));
  builder.append(7, 2, Buffer.from("abc"));
  const second = builder.take();
  assert.equal(second.buffer, first.buffer);
  assert.deepEqual(
    [...readBatch(second)].map(({ fileIndex, data }) => [fileIndex, Buffer.from(data).toString()]),
    [[7, "abc"]],
  );
});
