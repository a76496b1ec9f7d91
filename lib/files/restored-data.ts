import { ftruncateSync } from "node:fs";
import { shown } from "#lib/base/byte-string.ts";
import { expandRecord, inflateRecord } from "#lib/codec/compression.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeSignatures, isSignedBy } from "#lib/pki/signature.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import { digestBytes } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import type { DataKind } from "#lib/streams/stream-type.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { Decryption } from "./decryption.ts";
import type { GatheredWrite } from "./gathered-write.ts";
import type { CurrentFile, RestoreCounts } from "./restore-place.ts";
import { writeAll } from "./write-all.ts";

const ADDRESS_BYTES = 8;
/** What may be signed: taken of the first file, before it is known which one it is. */
const SIGNED_DIGESTS: readonly DigestName[] = ["md5", "sha1", "sha256", "sha512"];

/** The data of the files of a restore, one file after the other: written, verified, brought to its length. For one thread. */
export class RestoredData {
  readonly #counts: RestoreCounts;
  /** Says what is wrong with a file; `where` is its place for messages. */
  readonly #say: (current: CurrentFile, text: (where: string) => string) => void;
  readonly #chunks: ChunkWriter;
  readonly #decryption: Decryption;
  readonly #signers: KeyRing["signers"];
  /** The digests that files of this job seem to have, plain and signed, so that they can be taken while writing. */
  #usualDigest: DigestName | undefined;
  #usualSigned: DigestName | undefined;
  #usual: readonly DigestName[] = [];

  readonly #ignoresDigests: boolean;

  /** `gathered` serves all of the thread: call `flush` before another one's files are written. */
  constructor(
    counts: RestoreCounts,
    say: (current: CurrentFile, text: (where: string) => string) => void,
    gathered: GatheredWrite,
    {
      ignoresDigests = false,
      keys,
    }: { readonly ignoresDigests?: boolean | undefined; readonly keys?: KeyRing | undefined } = {},
  ) {
    this.#counts = counts;
    this.#say = say;
    this.#chunks = new ChunkWriter(gathered, (bytes) => (counts.bytes += bytes));
    this.#ignoresDigests = ignoresDigests;
    this.#decryption = new Decryption(keys);
    this.#signers = keys?.signers ?? [];
    if (this.#signers.length > 0) this.#usual = SIGNED_DIGESTS;
  }

  /** Another file begins. */
  begin(): void {
    this.#chunks.begin();
    this.#decryption.begin();
  }

  /** How the data of the file at hand was encrypted; `jobId` of the saved job, 0: not known. */
  cryptoSession(record: Uint8Array, jobId: number): void {
    this.#decryption.session(record, jobId);
  }

  /** Writes a record of file data. Throws OperatorError for data that is none or cannot be decrypted, and what write(2) throws. */
  write(current: CurrentFile, kind: DataKind, data: Uint8Array): void {
    if (kind.encrypted !== true) return this.#plain(current, kind, data);
    for (const block of this.#decryption.blocks(data, kind)) this.#plain(current, kind, block);
  }

  /** Writes what only the end of the encrypted data gives. */
  #endEncrypted(current: CurrentFile): void {
    const last = this.#decryption.end();
    if (last === undefined || current.hasFailed) return;
    for (const block of last.blocks) this.#plain(current, last.kind, block);
  }

  #plain(current: CurrentFile, kind: DataKind, data: Uint8Array): void {
    if (current.kind !== "regular")
      throw new OperatorError("DATA_INVALID", `"${shown(current.record.name)}" is no regular file but has data`);
    if (this.#chunks.hasData)
      throw new OperatorError("DATA_INVALID", `"${shown(current.record.name)}" has chunks and other data as well`);
    let address = current.written;
    let payload = data;
    if (kind.sparse) {
      if (data.byteLength < ADDRESS_BYTES)
        throw new OperatorError("DATA_INVALID", `a record with an address has only ${data.byteLength} bytes`);
      const view = new DataView(data.buffer, data.byteOffset, ADDRESS_BYTES);
      address = view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
      payload = data.subarray(ADDRESS_BYTES);
      current.isSparse = true;
    }
    if (kind.coding === "zlib") payload = inflateRecord(payload);
    else if (kind.coding === "headed") payload = expandRecord(payload);
    if (!Number.isSafeInteger(address + payload.byteLength))
      throw new OperatorError("DATA_INVALID", `an address of ${address} in a file cannot be`);
    if (!this.#ignoresDigests) current.digest.add(payload, this.#usual);
    if (!kind.sparse || !isZero(payload)) writeAll(current.fd, payload, kind.sparse ? address : null);
    current.written = kind.sparse
      ? Math.max(current.written, address + payload.byteLength)
      : current.written + payload.byteLength;
    this.#counts.bytes += payload.byteLength;
  }

  /**
   * Writes a chunk. A damaged one costs its own place in the file, which stays a hole; the file is named once. Throws as `write` does,
   * and for a list.
   */
  chunk(current: CurrentFile, isList: boolean, record: Uint8Array): void {
    const name = (): string => `"${shown(current.record.name)}"`;
    if (isList)
      throw new OperatorError("CHUNK_LIST_INVALID", `${name()} came with a list of chunks in the place of its data`, {
        hint: "read it through a storage daemon with the device of its store: only that can put chunks in",
      });
    if (current.kind !== "regular" || (current.written > 0 && !this.#chunks.hasData))
      throw new OperatorError("DATA_INVALID", `${name()} has chunks where none can be`);
    const outcome = this.#chunks.write(current.fd, record);
    if (outcome.kind === "good") {
      current.written = this.#chunks.end;
      return;
    }
    if (current.hasFailed) return;
    this.#fail(current, (where) => `"${where}" is damaged: of its chunk at byte ${outcome.address} ${outcome.what}.`);
  }

  /** Writes what waits of the file at hand; its records may then change. Throws what write(2) throws. */
  flush(): void {
    this.#chunks.flush();
  }

  /** Of a file that failed, writes what waits as far as that can be. Nothing written: `written` says so. */
  salvage(current: CurrentFile): void {
    try {
      this.#chunks.flush();
    } catch {
      // The file has failed already, and is said to have.
    }
    if (this.#chunks.hasData && !this.#chunks.hasWritten) current.written = 0;
  }

  /** Compares the data with its digest. Throws DATA_INVALID for a digest that is none. */
  verify(current: CurrentFile, name: DigestName, expected: Uint8Array): void {
    this.#expect(name, this.#usualSigned);
    if (current.kind !== "regular") return;
    this.#endEncrypted(current);
    if (current.hasFailed || this.#ignoresDigests) return;
    if (expected.byteLength !== digestBytes(name))
      throw new OperatorError("DATA_INVALID", `a ${name} digest of ${expected.byteLength} bytes`);
    const { size } = current.record.stat;
    const isChecked = this.#chunks.hasData && this.#chunks.covers(size);
    if (!isChecked) this.#chunks.flush();
    // A gap may be a hole, or a chunk that did not come; the digest tells which, and must then be taken.
    const actual = isChecked
      ? expected
      : this.#chunks.hasData
        ? this.#chunks.digest(current.fd, name)
        : current.digest.value(name, current);
    current.isVerified = true;
    if (actual === undefined || Buffer.compare(actual, expected) === 0) return;
    this.#fail(
      current,
      (where) =>
        `"${where}": the ${name.toUpperCase()} digest of the restored data differs from the one that was saved; the file is damaged.`,
    );
  }

  /**
   * Checks the signatures over the data. Answers what could not be checked, in words: that is for a warning. Throws OperatorError
   * PKI_DATA_INVALID, PKI_UNSUPPORTED.
   */
  verifySignature(current: CurrentFile, record: Uint8Array): string | undefined {
    if (current.kind !== "regular") return undefined;
    this.#endEncrypted(current);
    if (current.hasFailed || this.#ignoresDigests) return undefined;
    const signatures = decodeSignatures(record);
    for (const signature of signatures) {
      const signer = this.#signers.find(({ keyId }) => keyId === signature.keyId);
      if (signer === undefined) continue;
      this.#expect(this.#usualDigest, signature.digest);
      const value = current.digest.value(signature.digest, current);
      if (value === undefined) return "its signature could not be checked, because the file has holes";
      if (isSignedBy(signer.key, signature, value)) return undefined;
      this.#fail(
        current,
        (where) => `"${where}": the signature of ${signature.keyId} is bad; the data is not what was signed.`,
      );
      return undefined;
    }
    const names = signatures.map(({ keyId }) => keyId).join(", ");
    return `its signature is not checked: there is no certificate here with the subject key identifier ${names}`;
  }

  #expect(digest: DigestName | undefined, signed: DigestName | undefined): void {
    if (this.#usualDigest === digest && this.#usualSigned === signed) return;
    this.#usualDigest = digest;
    this.#usualSigned = signed;
    this.#usual = [...new Set([digest, signed])].filter((name) => name !== undefined);
  }

  /** Brings the file to its length; says it if the length is wrong. Throws as `write` does. */
  finish(current: CurrentFile): void {
    this.#endEncrypted(current);
    this.#chunks.flush();
    if (this.#usual === SIGNED_DIGESTS) this.#usual = [];
    const { size, dataStream } = current.record.stat;
    // A file of chunks may be nothing but hole.
    const mayEndInHole = current.isSparse || this.#chunks.hasData || dataStream === streamType.chunkList;
    if (mayEndInHole && size > current.written) {
      ftruncateSync(current.fd, size);
      current.written = size;
    } else if (current.isSparse) ftruncateSync(current.fd, current.written);
    const isLengthSure = current.isVerified && !this.#chunks.hasData;
    if (current.written === size || isLengthSure || current.hasFailed || current.record.type !== fileType.regular) return;
    this.#fail(
      current,
      (where) => `File size of restored file "${where}" not correct. Original ${size}, restored ${current.written}.`,
    );
  }

  #fail(current: CurrentFile, text: (where: string) => string): void {
    current.hasFailed = true;
    this.#counts.errors++;
    this.#say(current, text);
  }
}

const zeros = Buffer.alloc(65_536);

function isZero(data: Uint8Array): boolean {
  return data.byteLength <= zeros.length && zeros.compare(data, 0, data.byteLength, 0, data.byteLength) === 0;
}
