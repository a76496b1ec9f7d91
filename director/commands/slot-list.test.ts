import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSlots } from "./slot-list.ts";

test("slots are named one by one and in ranges", () => {
  assert.deepEqual(parseSlots("7, 1-3,2"), [1, 2, 3, 7]);
});

test("what is no list of slots is refused", () => {
  for (const text of ["", "0", "3-1", "a", "1-", "1,,2", "99999"])
    assert.throws(() => parseSlots(text), { code: "VALUE_REFUSED" }, text);
});

test("any text is a list within bounds or refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("1", "9", "-", ",", " ", "x") }), (text) => {
      try {
        assert.ok(parseSlots(text).every((slot) => slot >= 1 && slot <= 10_000));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "VALUE_REFUSED");
      }
    }),
  );
});
