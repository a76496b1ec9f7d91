import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AppendRequest, ReadReply } from "#proto/data.ts";
import { bulkStorageData, declareHeadroom } from "./bulk-codec.ts";

const chunksOf = (bytes: Uint8Array) => ({ step: { $case: "chunks" as const, value: Buffer.from(bytes) } });
const batchOf = (bytes: Uint8Array) => ({ step: { $case: "records" as const, value: Buffer.from(bytes) } });

test("a batch is encoded as the generated codec encodes it, and both decode what the other encoded", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.boolean(), (bytes, headroom) => {
      const holder = new Uint8Array(16 + bytes.byteLength);
      holder.set(bytes, 16);
      const value = headroom ? declareHeadroom(holder.subarray(16)) : Buffer.from(bytes);
      const append = bulkStorageData.append.requestSerialize({ step: { $case: "records", value } });
      assert.deepEqual(append, Buffer.from(AppendRequest.encode(batchOf(bytes)).finish()));
      assert.deepEqual(AppendRequest.decode(append), batchOf(bytes));
      assert.deepEqual(bulkStorageData.append.requestDeserialize(append), batchOf(bytes));
      const chunks = bulkStorageData.append.requestSerialize({ step: { $case: "chunks", value } });
      assert.deepEqual(chunks, Buffer.from(AppendRequest.encode(chunksOf(bytes)).finish()));
      assert.deepEqual(AppendRequest.decode(chunks), chunksOf(bytes));
      assert.deepEqual(bulkStorageData.append.requestDeserialize(chunks), chunksOf(bytes));
      const read = bulkStorageData.read.responseSerialize({ step: { $case: "records", value } });
      assert.deepEqual(read, Buffer.from(ReadReply.encode(batchOf(bytes)).finish()));
      assert.deepEqual(bulkStorageData.read.responseDeserialize(read), batchOf(bytes));
    }),
  );
});

test("a declared batch is sent from its own buffer, any other is copied and what lies before it stays", () => {
  const holder = new Uint8Array(1016).fill(9);
  const batch = holder.subarray(16);
  const copied = bulkStorageData.append.requestSerialize({ step: { $case: "records", value: Buffer.from(batch.buffer, 16) } });
  assert.notEqual(copied.buffer, holder.buffer);
  assert.deepEqual(
    [...holder.subarray(0, 16)],
    Array.from({ length: 16 }, () => 9),
  );
  const sent = bulkStorageData.append.requestSerialize({ step: { $case: "records", value: declareHeadroom(batch) } });
  assert.equal(sent.buffer, holder.buffer);
  assert.deepEqual(sent, copied);
});

test("a received batch is a view of the message", () => {
  const message = Buffer.from(AppendRequest.encode(batchOf(Buffer.alloc(5000, 3))).finish());
  const { step } = bulkStorageData.append.requestDeserialize(message);
  assert.equal(step?.$case === "records" && step.value.buffer === message.buffer, true);
});

test("whatever bytes come, the answer is that of the generated decoder", () => {
  const outcome = (decode: (bytes: Buffer) => unknown, bytes: Buffer) => {
    try {
      return { value: decode(bytes) };
    } catch {
      return "refused";
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0x12, 0x0a, 0x1a, 0x2a), (bytes, tag) => {
      const message = Buffer.from([tag, ...bytes]);
      assert.deepEqual(
        outcome(bulkStorageData.append.requestDeserialize, message),
        outcome((m) => AppendRequest.decode(m), message),
      );
      assert.deepEqual(
        outcome(bulkStorageData.read.responseDeserialize, message),
        outcome((m) => ReadReply.decode(m), message),
      );
    }),
    { numRuns: 2000 },
  );
});
