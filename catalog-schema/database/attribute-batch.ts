import { Buffer } from "node:buffer";
import { decodeName, NAME_BYTES_MAX } from "#lib/base/byte-name.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BatchCursor, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { pathLength } from "./split-name.ts";

/** Receives what a batch holds, in its order. Plain parameters: this runs some hundred thousand times a second. */
export interface AttributeSink {
  /** A file with the digest that followed it, "0" if none did. */
  file(fileIndex: number, path: string, filename: string, deltaSeq: number, lstat: string, digest: string): void;
  /** A digest that stands before any file of the batch: it belongs to the last file of the batch before. */
  lateDigest(fileIndex: number, digest: string): void;
}

/** Higher bits of a stream number are flags. */
const STREAM_MASK = 0x7ff;
/** Attribute records carry two names (file and link target) beside some numbers. */
const ATTRIBUTE_BYTES_MAX = 2 * NAME_BYTES_MAX + 4_096;
const LSTAT_BYTES_MAX = 255;
const UNIX_ATTRIBUTES = 1;
const UNIX_ATTRIBUTES_EX = 5;
/** Bytes of a digest by its stream: MD5, SHA-1, SHA-256, SHA-512. */
const digestBytes: Readonly<Record<number, number>> = { 3: 16, 10: 20, 17: 32, 18: 64 };
/** Attribute type of a file that an accurate job found deleted; its row has FileIndex 0. */
const TYPE_DELETED = 23;
/** Higher bits of the type are flags for the restore. */
const TYPE_MASK = 0xffff;
const NO_DIGEST = "0";

/**
 * Reads a batch of Volume records that hold attributes and digests, and calls `sink` for each file. Every length is checked before
 * use: a batch comes from a client. Throws BATCH_INVALID or CATALOG_BATCH_INVALID, naming the offset. Other streams are passed over.
 */
export function readAttributeBatch(bytes: Uint8Array, sink: AttributeSink): void {
  const reader = new AttributeReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), sink);
  const cursor = new BatchCursor(bytes);
  while (cursor.next()) {
    const stream = cursor.stream & STREAM_MASK;
    const start = cursor.start + RECORD_HEADER_BYTES;
    if (stream === UNIX_ATTRIBUTES || stream === UNIX_ATTRIBUTES_EX)
      reader.attributes(cursor.fileIndex, start, start + cursor.dataSize);
    else if (digestBytes[stream] !== undefined) reader.digest(cursor.fileIndex, stream, start, start + cursor.dataSize);
  }
  reader.end();
}

class AttributeReader {
  readonly #batch: Buffer;
  readonly #sink: AttributeSink;
  #hasFile = false;
  #fileIndex = 0;
  #rowIndex = 0;
  #path = "";
  #pathStart = 0;
  #pathEnd = 0;
  #filename = "";
  #deltaSeq = 0;
  #lstat = "";
  #digest = NO_DIGEST;

  constructor(batch: Buffer, sink: AttributeSink) {
    this.#batch = batch;
    this.#sink = sink;
  }

  /** `FileIndex Type Filename\0LStat\0LinkName\0AttribsEx\0DeltaSeq\0`, numbers in decimal. */
  attributes(fileIndex: number, start: number, end: number): void {
    this.end();
    const batch = this.#batch;
    if (fileIndex <= 0) throw broken(`FileIndex ${fileIndex} of attributes`, start);
    if (end - start > ATTRIBUTE_BYTES_MAX) throw broken(`attributes of ${end - start} bytes`, start);
    const indexEnd = this.#decimalEnd(start, end);
    if (decimal(batch, start, indexEnd) !== fileIndex)
      throw broken("attributes name another FileIndex than their record", start);
    const typeEnd = this.#decimalEnd(indexEnd + 1, end);
    const type = decimal(batch, indexEnd + 1, typeEnd);
    const nameStart = typeEnd + 1;
    const nameEnd = this.#fieldEnd(nameStart, end, "file name");
    if (nameEnd === nameStart || nameEnd - nameStart > NAME_BYTES_MAX)
      throw broken(`a file name of ${nameEnd - nameStart} bytes`, nameStart);
    const lstatEnd = this.#fieldEnd(nameEnd + 1, end, "LStat");
    this.#takeName(nameStart, nameEnd);
    this.#lstat = this.#lstatText(nameEnd + 1, lstatEnd);
    this.#deltaSeq = this.#readDeltaSeq(lstatEnd + 1, end);
    this.#fileIndex = fileIndex;
    this.#rowIndex = (type & TYPE_MASK) === TYPE_DELETED ? 0 : fileIndex;
    this.#digest = NO_DIGEST;
    this.#hasFile = true;
  }

  digest(fileIndex: number, stream: number, start: number, end: number): void {
    if (end - start !== digestBytes[stream]) throw broken(`a digest of ${end - start} bytes in stream ${stream}`, start);
    const digest = unpadded(this.#batch.toString("base64", start, end));
    if (!this.#hasFile) this.#sink.lateDigest(fileIndex, digest);
    else if (fileIndex === this.#fileIndex) this.#digest = digest;
    else throw broken(`a digest of FileIndex ${fileIndex} after the attributes of ${this.#fileIndex}`, start);
  }

  /** Hands over the file that waits for its digest. */
  end(): void {
    if (!this.#hasFile) return;
    this.#hasFile = false;
    this.#sink.file(this.#rowIndex, this.#path, this.#filename, this.#deltaSeq, this.#lstat, this.#digest);
  }

  /** Files of one directory follow one another: its name is decoded once. */
  #takeName(start: number, end: number): void {
    const batch = this.#batch;
    const split = start + pathLength(batch, start, end);
    const isSamePath =
      split - start === this.#pathEnd - this.#pathStart &&
      batch.compare(batch, this.#pathStart, this.#pathEnd, start, split) === 0;
    if (!isSamePath || this.#pathEnd === 0) this.#path = decodeRange(batch, start, split);
    this.#pathStart = start;
    this.#pathEnd = split;
    this.#filename = decodeRange(batch, split, end);
  }

  #lstatText(start: number, end: number): string {
    if (end === start || end - start > LSTAT_BYTES_MAX) throw broken(`an LStat of ${end - start} bytes`, start);
    for (let at = start; at < end; at++) {
      if (lstatBytes[this.#batch[at]!] !== 1) throw broken("an LStat that is not base64", at);
    }
    return this.#batch.toString("latin1", start, end);
  }

  /** Skips the link name and the extended attributes. Writers before DeltaSeq end the record after them. */
  #readDeltaSeq(start: number, end: number): number {
    const linkEnd = this.#fieldEnd(start, end, "link name");
    if (linkEnd + 1 >= end) return 0;
    const extendedEnd = this.#fieldEnd(linkEnd + 1, end, "extended attributes");
    if (extendedEnd + 1 >= end) return 0;
    const stop = this.#fieldEnd(extendedEnd + 1, end, "DeltaSeq");
    if (stop === extendedEnd + 1) return 0;
    const value = decimal(this.#batch, extendedEnd + 1, stop);
    if (value > 0x7fffffff) throw broken("a DeltaSeq out of range", extendedEnd + 1);
    return value;
  }

  #fieldEnd(start: number, end: number, field: string): number {
    const at = this.#batch.indexOf(0, start);
    if (at < 0 || at >= end) throw broken(`attributes without the end of the ${field}`, start);
    return at;
  }

  #decimalEnd(start: number, end: number): number {
    let at = start;
    while (at < end && at - start < 11 && this.#batch[at] !== 0x20) at++;
    if (at === start || at >= end || this.#batch[at] !== 0x20)
      throw broken("attributes that do not begin with two numbers", start);
    return at;
  }
}

/** 1 for every byte that an LStat may hold: Bacula's base64 alphabet, the sign and the blank. */
const lstatBytes = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/- ") lstatBytes[char.charCodeAt(0)] = 1;

function decimal(batch: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = batch[at]! - 0x30;
    if (digit < 0 || digit > 9) throw broken("a number with other characters than digits", at);
    value = value * 10 + digit;
  }
  return value;
}

function decodeRange(batch: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    if (batch[at]! >= 0x80) return decodeName(batch.subarray(start, end));
  }
  return batch.toString("latin1", start, end);
}

function unpadded(base64: string): string {
  let end = base64.length;
  while (end > 0 && base64.charCodeAt(end - 1) === 0x3d) end--;
  return base64.slice(0, end);
}

function broken(what: string, offset: number): OperatorError {
  return new OperatorError("CATALOG_BATCH_INVALID", `file attributes hold ${what} at offset ${offset}`);
}
