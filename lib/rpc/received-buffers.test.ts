import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferFor, reuseReceived } from "./received-buffers.ts";

const KIB = 1024;

test("a buffer that is given back serves the next message that fits, and no shorter one holds it", () => {
  const long = bufferFor(900 * KIB);
  const memory = long.buffer;
  reuseReceived(long);
  assert.notEqual(bufferFor(100 * KIB).buffer, memory);
  assert.equal(bufferFor(1024 * KIB).buffer, memory);
  assert.notEqual(bufferFor(900 * KIB).buffer, memory, "it is in use");
});

test("buffers of every length have room for their message, and hold less than twice as much", () => {
  for (const bytes of [64, 100, 128, 129, 256, 300, 512, 700, 768, 800, 1024, 1088].map((kib) => kib * KIB)) {
    const { byteLength, buffer } = bufferFor(bytes);
    assert.equal(byteLength, bytes);
    assert.ok(buffer.byteLength >= bytes && buffer.byteLength <= 2 * bytes, `${bytes}: ${buffer.byteLength}`);
  }
});

test("what is too long for a batch, or too short for a buffer of its own, is not kept", () => {
  for (const bytes of [1000, 3_000_000]) {
    const once = bufferFor(bytes);
    reuseReceived(once);
    assert.notEqual(bufferFor(bytes), once);
    if (bytes > 64 * KIB) assert.notEqual(bufferFor(bytes).buffer, once.buffer);
  }
});

test("no more is kept than a busy job has under way", () => {
  const many = Array.from({ length: 100 }, () => bufferFor(512 * KIB));
  const before = new Set(many.map(({ buffer }) => buffer));
  for (const one of many) reuseReceived(one);
  const again = Array.from({ length: 100 }, () => bufferFor(512 * KIB)).filter(({ buffer }) => before.has(buffer));
  assert.ok(again.length > 20 && again.length <= 48, `${again.length} were kept`);
});

test("buffers of a length that is not used any more make room for those that are", () => {
  const fill = (bytes: number): ArrayBuffer[] => {
    const taken = Array.from({ length: 100 }, () => bufferFor(bytes));
    for (const one of taken) reuseReceived(one);
    return taken.map(({ buffer }) => buffer);
  };
  fill(512 * KIB);
  const kept = new Set(fill(1024 * KIB));
  const again = Array.from({ length: 8 }, () => bufferFor(1024 * KIB));
  assert.ok(again.every(({ buffer }) => kept.has(buffer)));
});

test("a buffer that came from elsewhere is not kept, even if it is as long as ours", () => {
  for (const bytes of [128, 256, 512, 768, 1088].map((kib) => kib * KIB)) {
    const foreign = new Uint8Array(bytes);
    reuseReceived(foreign);
    assert.notEqual(bufferFor(bytes).buffer, foreign.buffer);
  }
});
