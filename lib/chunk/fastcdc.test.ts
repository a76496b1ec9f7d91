import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { CHUNK_BYTES_MAX } from "./chunk-frame.ts";
import { Cutter, DEFAULT_CUT_BOUNDS } from "./fastcdc.ts";
import type { CutBounds } from "./fastcdc.ts";

/** SHA-256 of the numbers 0, 1, 2 ... (four bytes, big-endian), one after the other: the content of the test vector. */
function vectorContent(bytes: number): Uint8Array {
  const content = Buffer.alloc(bytes);
  const number = Buffer.alloc(4);
  for (let at = 0; at < bytes; at += 32) {
    number.writeUInt32BE(at / 32);
    createHash("sha256").update(number).digest().copy(content, at);
  }
  return content;
}

function cutAll(content: Uint8Array, bounds: CutBounds): number[] {
  const cutter = new Cutter(bounds);
  cutter.lookAt(content);
  const ends: number[] = [];
  for (let start = 0; start < content.byteLength; start = ends.at(-1)!) ends.push(cutter.end(start, content.byteLength));
  return ends;
}

function piecesOf(content: Uint8Array, bounds: CutBounds): Set<string> {
  let start = 0;
  return new Set(
    cutAll(content, bounds).map((end) => {
      const piece = content.subarray(start, end);
      start = end;
      return createHash("sha256").update(piece).digest("hex");
    }),
  );
}

/** The description in docs/formats/cutting.md, followed word by word. */
function endByDescription(content: Uint8Array, start: number, bounds: CutBounds): number {
  const gear = Array.from({ length: 256 }, (_, byte) =>
    createHash("sha256").update(Uint8Array.of(byte)).digest().readUInt32BE(0),
  );
  const rare = Math.floor(2 ** 32 / (bounds.averageBytes * 4));
  const frequent = Math.floor(2 ** 32 / (bounds.averageBytes / 4));
  for (let place = start + bounds.minBytes; place < Math.min(content.byteLength, start + bounds.maxBytes); place++) {
    let hash = 0;
    for (let back = 0; back < 32; back++) hash += gear[content[place - 1 - back]!]! * 2 ** back;
    // The description's hash is unsigned with its highest bit turned.
    if (((hash % 2 ** 32) + 2 ** 31) % 2 ** 32 < (place - start < (bounds.averageBytes * 3) / 4 ? rare : frequent))
      return place;
  }
  return Math.min(content.byteLength, start + bounds.maxBytes);
}

const small: CutBounds = { minBytes: 1024, averageBytes: 4096, maxBytes: 12_288 };

test("the test vector of the description is cut where it says", () => {
  const expected = [
    242_934, 469_783, 746_623, 989_197, 1_229_437, 1_517_954, 1_784_247, 1_965_051, 2_168_970, 2_418_966, 2_713_314, 3_095_768,
    3_281_721, 3_516_477, 3_670_074, 3_921_186, 4_143_772, 4_194_304,
  ];
  assert.deepEqual(cutAll(vectorContent(4 * 1024 * 1024), DEFAULT_CUT_BOUNDS), expected);
});

test("cuts are those of the description, wherever a chunk starts", () => {
  const content = vectorContent(40_000);
  const cutter = new Cutter(small);
  cutter.lookAt(content);
  for (let start = 0; start < 20_000; start += 997)
    assert.equal(cutter.end(start, content.byteLength), endByDescription(content, start, small));
});

test("a cut is found however the content lies to the lanes in which it is looked for, and where the content ends just before or behind it", () => {
  // Cuts far apart: places are gone through in stretches of 8 KiB, and what is left of them one after the other.
  const bounds: CutBounds = { minBytes: 32_768, averageBytes: 131_072, maxBytes: CHUNK_BYTES_MAX };
  const content = vectorContent(2 * 1024 * 1024);
  const ends = cutAll(content, bounds);
  const from = ends.findIndex((end, at) => at > 0 && end - ends[at - 1]! - 98_304 > 17_000 && end + 9000 < content.byteLength);
  const cut = ends[from]!;
  assert.equal(endByDescription(content, cut - 99_000, bounds), cut);
  for (const front of [0, 4, 8]) {
    const whole = new Uint8Array(front + cut + 9000);
    const shifted = whole.subarray(front);
    shifted.set(content.subarray(0, cut + 9000));
    const cutter = new Cutter(bounds);
    cutter.lookAt(shifted);
    for (let before = 0; before < 17_000; before += before < 40 || before % 4096 < 40 || before % 4096 > 4056 ? 1 : 13) {
      const start = cut - 98_304 - before;
      assert.equal(cutter.end(start, cut + 9000), cut);
      assert.equal(cutter.end(start, cut + 1 + (before % 4)), cut);
      assert.equal(cutter.end(start, cut - (before % 4)), cut - (before % 4));
    }
  }
});

test("pieces make up the whole and keep the bounds", () => {
  fc.assert(
    fc.property(fc.nat(60_000), fc.nat(255), fc.boolean(), (bytes, seed, isFlat) => {
      const content = isFlat ? new Uint8Array(bytes).fill(seed) : vectorContent(bytes + seed).subarray(0, bytes);
      const aligned = new Uint8Array(content);
      let start = 0;
      for (const end of cutAll(aligned, small)) {
        assert.ok(end > start && end - start <= small.maxBytes);
        assert.ok(end - start >= small.minBytes || end === bytes);
        start = end;
      }
      assert.equal(start, bytes);
    }),
    { numRuns: 60 },
  );
});

test("bytes put in at the front leave nearly all chunks as they were", () => {
  const content = vectorContent(3 * 1024 * 1024);
  const before = piecesOf(content, small);
  for (const added of [1, 2, 3, 1001]) {
    const after = piecesOf(Buffer.concat([Buffer.alloc(added, 0xee), content]), small);
    const kept = [...after].filter((piece) => before.has(piece)).length;
    assert.ok(kept >= before.size - 4, `${kept} of ${before.size} with ${added} bytes in front`);
  }
});

test("bounds that cannot be are refused", () => {
  const wrong: CutBounds[] = [
    { minBytes: 0, averageBytes: 4096, maxBytes: 8192 },
    { minBytes: 8192, averageBytes: 4096, maxBytes: 16_384 },
    { minBytes: 2048, averageBytes: 4096, maxBytes: 4095 },
    { minBytes: 65_536, averageBytes: 262_144, maxBytes: CHUNK_BYTES_MAX + 1 },
    { minBytes: Number.NaN, averageBytes: 4096, maxBytes: 8192 },
  ];
  for (const bounds of wrong) assert.throws(() => new Cutter(bounds), { code: "CHUNK_BOUNDS_INVALID" });
});
