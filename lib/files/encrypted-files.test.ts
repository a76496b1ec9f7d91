import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { cryptoSession, encryptBlocks, ringOf, signedDigest, testKey } from "#lib/pki/testing/encrypt.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { STREAM_BIT_OFFSETS, streamType } from "#lib/streams/stream-type.ts";
import { BatchBuilder } from "#lib/wire/record.ts";
import { RestoreTree } from "./restore-tree.ts";

type Record = readonly [fileIndex: number, stream: number, data: Uint8Array];

const client = testKey("aa01");
const other = testKey("bb02");
const key = randomBytes(24);
const iv = randomBytes(16);
const session = cryptoSession("aes-192-cbc", key, iv, [client]);
const seal = (...blocks: readonly Uint8Array[]): Buffer => encryptBlocks("aes-192-cbc", key, iv, blocks);
const STAT = { ...decodeLStat("P4A ISI7 IGk B A A A G BAA I BrAUSg BrAUR1 BrAUR1 A A C")!, mode: 0o100644 };

function attributes(fileIndex: number, name: string, size: number): Record {
  const bytes = Buffer.alloc(attributeBytesMax(name.length, 0));
  const stat = { ...STAT, size, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const end = putAttributes(bytes, 0, { fileIndex, type: 3, name, link: "", stat, exact: undefined });
  return [fileIndex, streamType.attributes, bytes.subarray(0, end)];
}

/** The records of an encrypted file, its cipher text cut into records of 100 bytes. */
function file(
  fileIndex: number,
  name: string,
  size: number,
  stream: number,
  cipherText: Uint8Array,
  ...more: Record[]
): Record[] {
  const records: Record[] = [attributes(fileIndex, name, size), [fileIndex, streamType.encryptedSession, session]];
  for (let at = 0; at < cipherText.length; at += 100) records.push([fileIndex, stream, cipherText.subarray(at, at + 100)]);
  return [...records, ...more];
}

/** Restores through real threads, so that the keys go into them. */
async function restore(where: string, records: readonly Record[], keys = ringOf(client)) {
  const notes: string[] = [];
  const note = (kind: string, text: string): void => void notes.push(`${kind}: ${text}`);
  const { signal } = new AbortController();
  const options = { where, regexWhere: "", replace: "always", numericIds: false, prefixLinks: false } as const;
  await using tree = new RestoreTree({ ...options, keys, note, signal, threads: 2 });
  tree.session("1:1", 7);
  const builder = new BatchBuilder({ isShared: false });
  for (const record of records) builder.append(...record);
  await tree.add(builder.take());
  const counts = await tree.finish();
  return { counts, notes };
}

const plain = randomBytes(1000);
const sha1 = (data: Uint8Array): Buffer => createHash("sha1").update(data).digest();

test("encrypted files come back: plain, gzip, with addresses, empty, signed; digests are those of the plain data", async () => {
  await using dir = await TempDir.make();
  const address = Buffer.alloc(8);
  address.writeBigUInt64BE(50_000n);
  const { counts, notes } = await restore(dir.path, [
    ...file(
      1,
      "/plain",
      1000,
      streamType.encryptedFileData,
      seal(plain.subarray(0, 400), plain.subarray(400)),
      [1, streamType.signedDigest, signedDigest("sha256", plain, client)],
      [1, streamType.sha1, sha1(plain)],
    ),
    ...file(
      2,
      "/gzip",
      1000,
      streamType.encryptedGzipData,
      seal(deflateSync(plain.subarray(0, 600)), deflateSync(plain.subarray(600))),
      [2, streamType.signedDigest, signedDigest("sha256", plain, client)],
    ),
    ...file(3, "/sparse", 51_000, streamType.encryptedFileData | STREAM_BIT_OFFSETS, seal(Buffer.concat([address, plain]))),
    ...file(4, "/empty", 0, streamType.encryptedFileData, Buffer.alloc(0)),
    ...file(5, "/unsigned", 1000, streamType.encryptedFileData, seal(plain)),
  ]);
  assert.deepEqual([notes, counts.files, counts.errors], [[], 5, 0]);
  for (const name of ["plain", "gzip", "unsigned"]) assert.deepEqual(readFileSync(dir.file(name)), plain, name);
  assert.deepEqual(readFileSync(dir.file("sparse")), Buffer.concat([Buffer.alloc(50_000), plain]));
  assert.equal(readFileSync(dir.file("empty")).length, 0);
});

test("signatures of files with holes are checked, also of the first file and of one that is a single piece", async () => {
  await using dir = await TempDir.make();
  const piece = (address: number, data: Uint8Array): Buffer => {
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(BigInt(address));
    return Buffer.concat([head, data]);
  };
  const twice = Buffer.concat([plain, plain]);
  const { counts, notes } = await restore(dir.path, [
    attributes(1, "/two", 101_000),
    [1, streamType.sparseData, piece(0, plain)],
    [1, streamType.sparseData, piece(100_000, plain)],
    [1, streamType.signedDigest, signedDigest("sha256", twice, client)],
    [1, streamType.md5, createHash("md5").update(twice).digest()],
    attributes(2, "/one", 1000),
    [2, streamType.sparseData, piece(0, plain)],
    [2, streamType.signedDigest, signedDigest("sha1", plain, client)],
    attributes(3, "/forged", 51_000),
    [3, streamType.sparseData, piece(50_000, plain)],
    [3, streamType.signedDigest, signedDigest("sha1", twice, client)],
  ]);
  assert.deepEqual([counts.files, counts.errors, notes.length], [2, 1, 1], notes.join("\n"));
  assert.match(notes[0]!, /forged": the signature of aa01 is bad/);
});

test("without the key each file is named with the key and the job; empty files and others come back", async () => {
  await using dir = await TempDir.make();
  const records = [
    ...file(1, "/secret", 1000, streamType.encryptedFileData, seal(plain)),
    ...file(2, "/empty", 0, streamType.encryptedFileData, Buffer.alloc(0)),
  ];
  const { counts, notes } = await restore(dir.path, records, ringOf(other));
  assert.deepEqual(
    [counts.files, counts.errors, existsSync(dir.file("secret")), existsSync(dir.file("empty"))],
    [1, 1, false, true],
  );
  assert.match(notes.join("\n"), /secret" is not restored: its data \(saved by JobId 7\) is encrypted, .* identifier aa01 \(/);
});

test("damage costs the file that has it, and is said; signatures that are bad or of strangers, too", async () => {
  await using dir = await TempDir.make();
  const whole = seal(plain);
  const changed = Buffer.from(whole);
  changed[500]! ^= 1;
  const stream = streamType.encryptedFileData;
  const { counts, notes } = await restore(dir.path, [
    ...file(1, "/cut", 1000, stream, whole.subarray(0, 512)),
    ...file(2, "/ragged", 1000, stream, whole.subarray(0, 777)),
    ...file(3, "/changed", 1000, stream, changed, [3, streamType.sha1, sha1(plain)]),
    ...file(4, "/forged", 1000, stream, changed, [4, streamType.signedDigest, signedDigest("sha1", plain, client)]),
    ...file(5, "/stranger", 1000, stream, whole, [5, streamType.signedDigest, signedDigest("sha1", plain, other)]),
    ...file(6, "/twice", 1000, stream, whole, [6, stream, whole], [6, streamType.sha1, sha1(plain)]),
    attributes(7, "/session-missing", 1000),
    [7, stream, whole],
    attributes(8, "/session-damaged", 1000),
    [8, streamType.encryptedSession, session.subarray(0, 100)],
    [8, stream, whole],
    ...file(9, "/good", 1000, stream, whole, [9, streamType.sha1, sha1(plain)]),
  ]);
  assert.deepEqual([counts.files, counts.errors], [2, 7], notes.join("\n"));
  for (const name of ["cut", "ragged", "changed", "forged", "twice", "session-missing", "session-damaged"])
    assert.ok(
      notes.some((note) => note.startsWith("error") && note.includes(`/${name}"`)),
      `${name}: ${notes.join("\n")}`,
    );
  assert.ok(
    notes.some((note) => note.startsWith("warning") && note.includes("identifier bb02")),
    notes.join("\n"),
  );
  for (const name of ["good", "stranger"]) assert.deepEqual(readFileSync(dir.file(name)), plain, name);
});
