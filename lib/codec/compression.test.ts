import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { compressedMagic, compressionOfOption, deflateRecord, expandRecord, inflateRecord, zstdRecord } from "./compression.ts";

/** Records of stream 29 as Bacula 9.6 wrote them with Compression = LZO: "hello\n", and 65,536 zero bytes. */
const LZO_HELLO = Buffer.from("4c5a4f580000000a000000011768656c6c6f0a110000", "hex");
const LZO_ZEROS = Buffer.from(
  `4c5a4f58000001370000000102000000000020${"00".repeat(192)}8b10000d${"00".repeat(16)}20${"00".repeat(64)}0b00000001${"00".repeat(19)}110000`,
  "hex",
);

test("records that Bacula compressed with LZO are expanded", () => {
  assert.equal(Buffer.from(expandRecord(LZO_HELLO)).toString(), "hello\n");
  assert.deepEqual(expandRecord(LZO_ZEROS), new Uint8Array(65_536));
});

test("what is written with GZIP and ZSTD is read again, whatever the data", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 9 }), (data, level) => {
      assert.deepEqual(new Uint8Array(inflateRecord(deflateRecord(data, level))), data);
      assert.deepEqual(new Uint8Array(expandRecord(zstdRecord(data, level))), data);
    }),
    { numRuns: 200 },
  );
});

test("data that zstd does not make shorter is stored as it is", () => {
  const record = zstdRecord(Buffer.from("x"), 3);
  assert.deepEqual([record.readUInt32BE(0), record.length], [compressedMagic.none, 13]);
});

test("a record that would expand without bound is refused", () => {
  const bomb = deflateSync(Buffer.alloc(40 * 1024 * 1024));
  assert.throws(() => inflateRecord(bomb), { code: "DATA_INVALID" });
});

test("10,000 damaged records: an error or data, nothing else", () => {
  const goods = [LZO_HELLO, LZO_ZEROS, zstdRecord(Buffer.alloc(1000, "abc"), 3)];
  fc.assert(
    fc.property(
      fc.nat(2),
      fc.array(fc.tuple(fc.nat(10_000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
      fc.nat(10_000),
      (which, changes, cut) => {
        const damaged = Buffer.from(goods[which]!);
        for (const [at, value] of changes) damaged[at % damaged.length] = value;
        try {
          expandRecord(damaged.subarray(0, cut % 3 === 0 ? cut % damaged.length : damaged.length));
        } catch (error) {
          assert.ok(error instanceof OperatorError && error.code === "DATA_INVALID", String(error));
        }
      },
    ),
    { numRuns: 10_000 },
  );
});

test("options are read as the FileSet writes them; LZO cannot be written", () => {
  assert.deepEqual(
    ["GZIP", "GZIP9", "ZSTD", "zstd19", "", "LZO", "GZIPX"].map((option) => compressionOfOption(option)),
    [
      { kind: "gzip", level: 6 },
      { kind: "gzip", level: 9 },
      { kind: "zstd", level: 3 },
      { kind: "zstd", level: 19 },
      { kind: "none" },
      undefined,
      undefined,
    ],
  );
});
