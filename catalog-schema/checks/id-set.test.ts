import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { IdSet } from "./id-set.ts";

test("an IdSet holds what was added, and says what is new", () => {
  const id = fc.oneof(fc.nat(200_000), fc.constantFrom(0, 65_535, 65_536, 2 ** 40, Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(fc.array(id), fc.array(id), (ids, others) => {
      const set = new IdSet();
      const known = new Set<number>();
      for (const each of ids) {
        assert.equal(set.add(each), !known.has(each));
        known.add(each);
      }
      for (const each of [...ids, ...others]) assert.equal(set.has(each), known.has(each));
    }),
  );
});
