import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeName, encodeName, isTextName } from "./byte-name.ts";

test("every sequence of bytes survives the way to a string and back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.deepEqual(new Uint8Array(encodeName(decodeName(bytes))), bytes);
    }),
  );
});

test("valid UTF-8 reads as plain text, astral characters included", () => {
  assert.equal(decodeName(Buffer.from("größe 𝄞 日本")), "größe 𝄞 日本");
  assert.equal(isTextName("größe"), true);
});

test("a Latin-1 byte becomes a lone surrogate and comes back", () => {
  const name = decodeName(Buffer.from([0x61, 0xe9, 0x62]));
  assert.equal(name, "a\udce9b");
  assert.equal(isTextName(name), false);
  assert.deepEqual([...encodeName(name)], [0x61, 0xe9, 0x62]);
});
