import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { ChunkIndex, INDEX_SHARDS } from "./chunk-index.ts";

function identity(number: number): Uint8Array {
  return createHash("sha256").update(String(number)).digest();
}

function filled(chunks: number): ChunkIndex {
  const index = new ChunkIndex();
  for (let number = 0; number < chunks; number++)
    index.set(identity(number), 0, { container: 1 + (number >> 7), offset: number, bytes: 100 + number });
  return index;
}

interface Held {
  container: number;
  stamp: number;
  isMarked: boolean;
}

test("an index answers as a Map does, whatever was set, changed, stamped, marked and deleted", () => {
  const step = fc.record({
    kind: fc.constantFrom("set", "set", "set", "delete", "touch", "mark"),
    number: fc.nat(600),
    value: fc.integer({ min: 1, max: 127 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000, size: "max" }), (steps) => {
      const index = new ChunkIndex();
      const model = new Map<number, Held>();
      for (const { kind, number, value } of steps) {
        const id = identity(number);
        const held = model.get(number);
        assert.equal(index.find(id), held !== undefined);
        if (kind === "set") {
          index.set(id, 0, { container: value, offset: number, bytes: 48 + value });
          model.set(number, { stamp: 0, isMarked: false, ...held, container: value });
        } else if (kind === "delete") {
          assert.equal(index.delete(id), model.delete(number));
        } else if (held !== undefined) {
          if (kind === "touch") index.touch((held.stamp = value));
          else index.mark();
          if (kind === "mark") held.isMarked = true;
        }
      }
      assert.equal(index.count, model.size);
      for (const [number, held] of model) {
        assert.ok(index.find(identity(number)));
        const { container, stamp, isMarked } = index;
        assert.deepEqual({ container, stamp, isMarked }, held);
        assert.equal(index.bytes, 48 + container);
        assert.equal(index.offset, number);
      }
    }),
    { numRuns: 60 },
  );
});

test("no chunk takes more than 48 bytes, while an index grows and while it shrinks", () => {
  const index = new ChunkIndex();
  const chunks = 300_000;
  const perChunk = (): number => index.memoryBytes / index.count;
  let most = 0;
  for (let number = 0; number < chunks; number++) {
    index.set(identity(number), 0, { container: 1, offset: number, bytes: 1 });
    if (number >= 100_000 && number % 1000 === 0) most = Math.max(most, perChunk());
  }
  for (let number = 0; number < 200_000; number++) {
    index.delete(identity(number));
    if (number % 1000 === 0) most = Math.max(most, perChunk());
  }
  assert.ok(most <= 48, `${most} bytes a chunk`);
  assert.equal(index.count, 100_000);
  for (let number = 0; number < chunks; number += 7) {
    assert.equal(index.find(identity(number)), number >= 200_000);
    if (number >= 200_000) assert.equal(index.offset, number);
  }
});

test("the shards together show every chunk once, and marks and stamps can be wiped", () => {
  const index = filled(5000);
  for (let number = 0; number < 5000; number += 2) {
    index.find(identity(number));
    index.mark();
    index.touch(7);
  }
  const offsets = new Set<number>();
  let marked = 0;
  for (let shard = 0; shard < INDEX_SHARDS; shard++)
    index.visitShard(shard, (chunk) => {
      offsets.add(chunk.offset);
      assert.equal(chunk.bytes, 100 + chunk.offset);
      assert.equal(chunk.stamp, chunk.isMarked ? 7 : 0);
      if (chunk.isMarked) marked++;
      return "unmark";
    });
  assert.equal(offsets.size, 5000);
  assert.equal(marked, 2500);
  assert.ok(index.find(identity(2)));
  assert.equal(index.isMarked, false);
  assert.equal(index.stamp, 7);
});

test("what a visit drops is gone, and the rest is found, in every shard", () => {
  const index = filled(50_000);
  for (let shard = 0; shard < INDEX_SHARDS; shard++)
    index.visitShard(shard, (chunk) => (chunk.container % 3 === 0 ? "keep" : "drop"));
  let left = 0;
  for (let number = 0; number < 50_000; number++) {
    const isThere = (1 + (number >> 7)) % 3 === 0;
    assert.equal(index.find(identity(number)), isThere);
    if (isThere) left++;
  }
  assert.equal(index.count, left);
  assert.ok(index.memoryBytes / left <= 60, "memory was given back");
});

test("identities that share their first 19 bytes are different chunks", () => {
  const index = new ChunkIndex();
  const one = new Uint8Array(32);
  const other = Uint8Array.from(one);
  other[19] = 1;
  index.set(one, 0, { container: 1, offset: 1, bytes: 1 });
  index.set(other, 0, { container: 2, offset: 2, bytes: 2 });
  assert.equal(index.count, 2);
  assert.ok(index.find(one));
  assert.equal(index.container, 1);
});
