import { crc32 } from "node:zlib";
import { JobEvent } from "#proto/job.ts";

/*
 * A segment file of a job log: a magic of 8 bytes, then entries of
 *   [length of payload u32][CRC-32 of number and payload u32][event number u64][payload: JobEvent as protobuf], big-endian.
 * docs/protocols/job-log.md has the same in prose.
 */

/** First bytes of every segment file. */
export const SEGMENT_MAGIC = Buffer.from("NOCTJL01", "latin1");

/** Bytes of an entry before its payload. */
export const ENTRY_HEADER_BYTES = 16;

/** Longest payload: 1 MiB of attributes and its wrapping. */
export const EVENT_BYTES_MAX = 1024 * 1024 + 32 * 1024;

/** An entry read from a segment. */
export interface Entry {
  readonly number: number;
  readonly payload: Buffer;
  /** Where the next entry starts. */
  readonly end: number;
}

/** The header that goes before a payload. */
export function entryHeader(number: number, payload: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(ENTRY_HEADER_BYTES);
  header.writeUInt32BE(payload.byteLength, 0);
  header.writeBigUInt64BE(BigInt(number), 8);
  header.writeUInt32BE(crc32(payload, crc32(header.subarray(8))), 4);
  return header;
}

/** Why no entry could be read: the bytes end too early, or they are not an entry. */
export type NoEntry = "short" | "bad";

/** The entry at an offset of a buffer. */
export function entryAt(bytes: Buffer, offset: number): Entry | NoEntry {
  if (bytes.byteLength - offset < ENTRY_HEADER_BYTES) return "short";
  const length = bytes.readUInt32BE(offset);
  if (length > EVENT_BYTES_MAX) return "bad";
  const start = offset + ENTRY_HEADER_BYTES;
  if (bytes.byteLength - start < length) return "short";
  const payload = bytes.subarray(start, start + length);
  if (crc32(payload, crc32(bytes.subarray(offset + 8, start))) !== bytes.readUInt32BE(offset + 4)) return "bad";
  const number = Number(bytes.readBigUInt64BE(offset + 8));
  return Number.isSafeInteger(number) && number > 0 ? { number, payload, end: start + length } : "bad";
}

/** The event of an entry. Throws on a payload that is no event. */
export function eventOf(entry: Entry): JobEvent {
  return JobEvent.decode(entry.payload);
}
