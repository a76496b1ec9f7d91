import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decodeName } from "#lib/base/byte-name.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { attributeBatch, attributeRecord, digestRecord, PLAIN_LSTAT, record, type TestFile } from "../conformance/batches.ts";
import { readAttributeBatch } from "./attribute-batch.ts";

interface Read {
  readonly fileIndex: number;
  readonly name: string;
  readonly deltaSeq: number;
  readonly lstat: string;
  readonly digest: string;
}

function read(batch: Uint8Array): { files: Read[]; late: [number, string][] } {
  const files: Read[] = [];
  const late: [number, string][] = [];
  readAttributeBatch(batch, {
    file: (fileIndex, path, filename, deltaSeq, lstat, digest) =>
      void files.push({ fileIndex, name: path + filename, deltaSeq, lstat, digest }),
    lateDigest: (fileIndex, digest) => void late.push([fileIndex, digest]),
  });
  return { files, late };
}

const nameBytes = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => bytes.map((byte) => (byte === 0 ? 0x2f : byte)));
const testFile: fc.Arbitrary<Omit<TestFile, "fileIndex">> = fc.record({
  name: nameBytes.map(decodeName),
  type: fc.integer({ min: 1, max: 22 }),
  linkName: fc.option(nameBytes.map(decodeName), { nil: "" }),
  deltaSeq: fc.nat(),
  digest: fc.option(
    fc.constantFrom(16, 20, 32, 64).map((size) => new Uint8Array(size).fill(size)),
    { nil: undefined as never },
  ),
});

test("what is written is read, whatever the bytes of the names", () => {
  fc.assert(
    fc.property(fc.array(testFile, { maxLength: 20 }), (described) => {
      const files = described.map((file, at) => ({ ...file, fileIndex: at + 1 }));
      const expected = files.map((file) => ({
        fileIndex: file.fileIndex,
        name: file.name,
        deltaSeq: file.deltaSeq ?? 0,
        lstat: PLAIN_LSTAT,
        digest: file.digest === undefined ? "0" : Buffer.from(file.digest).toString("base64").replaceAll("=", ""),
      }));
      assert.deepEqual(read(attributeBatch(files)).files, expected);
    }),
  );
});

test("a batch of any bytes ends in rows or in an error for the operator, never in anything else", () => {
  const whole = attributeBatch([
    { fileIndex: 1, name: "/a/b/c", digest: new Uint8Array(16) },
    { fileIndex: 2, name: "/a/b/d", linkName: "/x" },
    { fileIndex: 3, name: "/a/b/" },
  ]);
  const mutation = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(mutation, fc.nat(whole.length), (changes, end) => {
      const batch = whole.slice(0, end);
      for (const [at, byte] of changes) if (at < end) batch[at] = byte;
      try {
        read(batch);
      } catch (error) {
        assert.ok(error instanceof OperatorError, String(error));
      }
    }),
    { numRuns: 10_000 },
  );
});

test("the digest of the empty file is what Bacula's catalog holds", () => {
  const digests = ["md5", "sha1", "sha256", "sha512"].map((algorithm, at) => ({
    fileIndex: at + 1,
    name: "/x",
    digest: new Uint8Array(createHash(algorithm).digest()),
  }));
  const [md5, sha1, sha256, sha512] = read(attributeBatch(digests)).files.map((file) => file.digest);
  assert.equal(md5, "1B2M2Y8AsgTpgAmY7PhCfg");
  assert.equal(sha1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk");
  assert.equal(sha256, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
  assert.equal(sha512?.length, 86);
});

test("a digest before any file is handed over as one of the batch before", () => {
  assert.deepEqual(read(new Uint8Array(digestRecord(8, new Uint8Array(16)))).late, [[8, "AAAAAAAAAAAAAAAAAAAAAA"]]);
});

test("a deleted file has FileIndex 0, flags above its type or not", () => {
  for (const type of [23, 23 | (1 << 16)])
    assert.equal(read(attributeBatch([{ fileIndex: 5, name: "/gone", type }])).files[0]?.fileIndex, 0);
});

test("records of other streams are passed over", () => {
  const batch = Buffer.concat([
    record(1, 2, Buffer.from("data")),
    attributeRecord({ fileIndex: 1, name: "/x" }),
    record(1, 1_000, Buffer.from("acl")),
  ]);
  assert.equal(read(new Uint8Array(batch)).files.length, 1);
});

test("attributes without DeltaSeq, as old writers made them, are read", () => {
  const batch = record(4, 1, Buffer.from("4 3 /old\0A B C\0\0"));
  assert.deepEqual(read(new Uint8Array(batch)).files[0], {
    fileIndex: 4,
    name: "/old",
    deltaSeq: 0,
    lstat: "A B C",
    digest: "0",
  });
});

test("a batch that lies within a larger buffer is read at its place", () => {
  const batch = attributeBatch([{ fileIndex: 1, name: "/inside", digest: new Uint8Array(20) }]);
  const larger = new Uint8Array(batch.length + 100);
  larger.set(batch, 50);
  assert.equal(read(larger.subarray(50, 50 + batch.length)).files[0]?.name, "/inside");
});
