import { crc32 } from "node:zlib";

/*
 * A frame of a packed Volume (docs/formats/packed-volume.md), big-endian as the blocks in it are:
 *   0  4 bytes  "NPV1"
 *   4  u8   method        0: the payload is the bytes themselves, 1: one Zstandard frame
 *   5  3 bytes  zero
 *   8  u64  tag           random, the same in all frames of one file
 *  16  u64  start         logical address of its first byte
 *  24  u32  plainBytes    that it stands for
 *  28  u32  packedBytes   of the payload
 *  32  u32  payloadCrc    crc32 of the payload
 *  36  u32  headerCrc     crc32 of bytes 0-35
 *  40  payload
 */

/** Bytes before the payload of a frame. Fixed for ever. */
export const PACKED_HEADER_BYTES = 40;

/** Where the checksum of the header stands. */
const CRC_AT = 36;

/** Most bytes that a frame stands for: the longest block. */
export const PACKED_PLAIN_BYTES_MAX = 20_000_000;

/** How a payload is coded. Never renumbered. */
export const packMethod = { raw: 0, zstd: 1 } as const;

/** "NPV1" as bytes: where the search for a frame looks. */
export const PACKED_MAGIC = Buffer.from("NPV1");

/** One frame of a packed Volume: what it stands for, and where it lies in the file. */
export interface PackedFrame {
  /** What the frames of one file have in common: bytes of another Volume that were saved into this one are never taken for its own. */
  readonly tag: bigint;
  /** Logical address of its first byte, and the bytes that it stands for. */
  readonly start: number;
  readonly plainBytes: number;
  readonly method: number;
  /** Where its payload lies in the file, its bytes, their crc32. */
  readonly payloadAt: number;
  readonly packedBytes: number;
  readonly payloadCrc: number;
}

/** Writes the header of a frame whose payload stands already behind it in `bytes`, which is the whole frame. */
export function writePackedHeader(
  bytes: Uint8Array,
  facts: { readonly tag: bigint; readonly start: number; readonly plainBytes: number; readonly method: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACKED_HEADER_BYTES);
  bytes.set(PACKED_MAGIC, 0);
  view.setUint32(4, facts.method * 0x1000000);
  view.setBigUint64(8, facts.tag);
  view.setBigUint64(16, BigInt(facts.start));
  view.setUint32(24, facts.plainBytes);
  view.setUint32(28, bytes.byteLength - PACKED_HEADER_BYTES);
  view.setUint32(32, crc32(bytes.subarray(PACKED_HEADER_BYTES)));
  view.setUint32(CRC_AT, crc32(bytes.subarray(0, CRC_AT)));
}

/** The frame whose header stands at `offset` of `bytes`, which lie at `address` of the file; undefined if no sound header does. */
export function readPackedHeader(bytes: Uint8Array, offset: number, address: number): PackedFrame | undefined {
  if (offset + PACKED_HEADER_BYTES > bytes.byteLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, PACKED_HEADER_BYTES);
  if (view.getUint32(CRC_AT) !== crc32(bytes.subarray(offset, offset + CRC_AT))) return undefined;
  if (PACKED_MAGIC.compare(bytes, offset, offset + 4) !== 0 || (view.getUint32(4) & 0xffffff) !== 0) return undefined;
  const method = view.getUint8(4);
  const start = Number(view.getBigUint64(16));
  const plainBytes = view.getUint32(24);
  const packedBytes = view.getUint32(28);
  const isPossible =
    method <= packMethod.zstd &&
    Number.isSafeInteger(start + plainBytes) &&
    plainBytes > 0 &&
    plainBytes <= PACKED_PLAIN_BYTES_MAX &&
    packedBytes > 0 &&
    packedBytes <= plainBytes &&
    (method === packMethod.zstd || packedBytes === plainBytes);
  if (!isPossible) return undefined;
  const payloadAt = address + PACKED_HEADER_BYTES;
  return { tag: view.getBigUint64(8), start, plainBytes, method, payloadAt, packedBytes, payloadCrc: view.getUint32(32) };
}
