import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GenerationCache } from "./generation-cache.ts";

test("a cache forgets, but never answers what was not put in last", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat())), fc.integer({ min: 1, max: 20 }), (entries, size) => {
      const cache = new GenerationCache<number, number>(size);
      const model = new Map<number, number>();
      for (const [key, value] of entries) {
        cache.set(key, value);
        model.set(key, value);
        for (const asked of model.keys()) assert.ok([undefined, model.get(asked)].includes(cache.get(asked)));
      }
    }),
  );
});

test("what is used stays", () => {
  const cache = new GenerationCache<number, string>(10);
  cache.set(0, "kept");
  for (let key = 1; key < 100; key++) {
    cache.set(key, "other");
    assert.equal(cache.get(0), "kept");
  }
  assert.equal(cache.get(1), undefined);
  cache.clear();
  assert.equal(cache.get(0), undefined);
});
