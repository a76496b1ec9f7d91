import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeZstd, zstd } from "./zstd.ts";

const text = Buffer.from("the same words again and again, ".repeat(3000));

for (const [name, codec] of [
  ["libzstd", zstd()],
  ["node:zlib", nodeZstd],
] as const) {
  test(`${name}: what is compressed expands to the same bytes, also at an offset and by the other codec`, () => {
    const into = new Uint8Array(text.byteLength + 100);
    const bytes = codec.compress(into.subarray(50), text, 3);
    assert.ok(bytes > 0 && bytes < text.byteLength / 10);
    const frame = into.subarray(50, 50 + bytes);
    for (const other of [zstd(), nodeZstd]) {
      const plain = new Uint8Array(text.byteLength);
      assert.equal(other.expand(plain, frame), text.byteLength);
      assert.equal(Buffer.compare(plain, text), 0);
    }
  });

  test(`${name}: a place that is too small, and bytes that are no frame, are answered and not thrown`, () => {
    assert.equal(codec.compress(new Uint8Array(3), text, 1), 0);
    assert.equal(codec.expand(new Uint8Array(100), text), -1);
    const into = new Uint8Array(1000);
    const bytes = codec.compress(into, text, 1);
    assert.equal(codec.expand(new Uint8Array(text.byteLength - 1), into.subarray(0, bytes)), -1);
    assert.equal(codec.expand(new Uint8Array(text.byteLength), into.subarray(0, bytes - 1)), -1);
  });
}

test("each call compresses by the level that it asks for, whatever came before", () => {
  const words = Array.from({ length: 40_000 }, (_, at) => `word ${(at * at * 7919) % 4099}\n`);
  const from = Buffer.from(words.join(""));
  const sizeAt = (level: number): number => zstd().compress(new Uint8Array(from.byteLength), from, level);
  const [usual, high, low] = [sizeAt(3), sizeAt(19), sizeAt(1)];
  assert.ok(high < usual && high < low, `${low} ${usual} ${high}`);
  assert.deepEqual([sizeAt(19), sizeAt(3), sizeAt(1), sizeAt(19)], [high, usual, low, high]);
});
