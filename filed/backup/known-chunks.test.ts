import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { KnownChunks } from "./known-chunks.ts";

test("the table forgets, but never claims what it was not told", () => {
  const known = new KnownChunks();
  const all = Array.from({ length: 100_000 }, () => randomBytes(32));
  for (const id of all) {
    assert.ok(!known.has(id));
    known.add(id);
    assert.ok(known.has(id));
  }
  const kept = all.filter((id) => known.has(id)).length;
  assert.ok(kept > 40_000 && kept < 65_537, `${kept} kept`);
  const id = all.at(-1)!;
  for (let byte = 4; byte < 32; byte++) {
    const other = Buffer.from(id);
    other[byte]! ^= 1;
    assert.ok(!known.has(other));
  }
});
