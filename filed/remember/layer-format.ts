import { crc32 } from "node:zlib";

/*
 * How a layer of remembered entries lies on disk (docs/formats/remembered.md). All numbers are little-endian.
 *
 * Layer: "NCTLAYER", u32 version, u32 bytes of the description, u32 crc32 of it, the description (JSON); blocks; the footer.
 * Block: u32 magic, u32 number from 0, u32 bytes of the payload, u32 crc32 of these 12 bytes and the payload; the payload.
 * Footer: u32 magic, u32 blocks, u64 entries, u64 end of the job in milliseconds since 1970, u32 crc32 of these 24 bytes.
 *
 * A payload holds `count` entries in columns:
 *   0  u32 count, u32 bytes of the paths
 *   8  count times u64 dev, u64 ino, u64 size, i64 mtime, i64 ctime (nanoseconds since 1970)
 *      count times u32 end of the path, count times u32 end of the records, count times u32 root
 *      count times u16 options, count times u8 type, count times u8 flags
 *      the paths, the records
 */

export const LAYER_MAGIC = "NCTLAYER";
/** Changes with the format and with the order of the walk: layers of another version are not read. */
export const LAYER_VERSION = 1;
export const LAYER_HEADER_BYTES = 20;
/** Most bytes of a description. */
export const DESCRIPTION_BYTES_MAX = 4 * 1024 * 1024;

export const BLOCK_MAGIC = 0x4b_4c_42_4e;
export const BLOCK_HEADER_BYTES = 16;
/** Where the checksum of a block stands. */
export const BLOCK_CRC_AT = 12;
/** Most bytes of a block's payload; bounds what a reader takes for one layer. */
export const BLOCK_BYTES_MAX = 40 * 1024 * 1024;
/** Longest path that is remembered. */
export const PATH_BYTES_MAX = 65_536;
/** An entry with more bytes of records lies in a block of its own, which a reader can step over. */
export const LARGE_RECORDS_BYTES = 1024 * 1024;
/** Blocks of several entries are never longer. */
export const SHARED_BLOCK_BYTES_MAX = 4 * LARGE_RECORDS_BYTES;

export const FOOTER_MAGIC = 0x54_4f_46_4e;
export const FOOTER_BYTES = 28;

/** Bytes of a payload before its columns. */
export const PAYLOAD_HEADER_BYTES = 8;
/** Numbers kept of a stat. */
export const STAT_COLUMNS = 5;
/** Bytes of all columns, one entry. */
export const COLUMN_BYTES = 8 * STAT_COLUMNS + 3 * 4 + 2 + 1 + 1;

/** Flag: the entry may be taken as unchanged; without it only its chunks are of use. */
export const FLAG_REUSABLE = 1;

/** Where the columns of a payload with `count` entries start. */
export interface Columns {
  readonly stats: number;
  readonly pathEnds: number;
  readonly recordEnds: number;
  readonly roots: number;
  readonly options: number;
  readonly types: number;
  readonly flags: number;
  readonly paths: number;
}

/** The places of the columns of a payload. */
export function columnsOf(count: number): Columns {
  const stats = PAYLOAD_HEADER_BYTES;
  const pathEnds = stats + 8 * STAT_COLUMNS * count;
  const recordEnds = pathEnds + 4 * count;
  const roots = recordEnds + 4 * count;
  const options = roots + 4 * count;
  const types = options + 2 * count;
  const flags = types + count;
  return { stats, pathEnds, recordEnds, roots, options, types, flags, paths: flags + count };
}

/** The checksum of a block: over its header before the checksum, then its payload. */
export function blockCrc(header: Uint8Array, payload: Uint8Array): number {
  return crc32(payload, crc32(header.subarray(0, BLOCK_CRC_AT)));
}

/** What a layer says of itself. */
export interface LayerDescription {
  /** What the layer is remembered for. */
  readonly scope: LayerScope;
  /** Session on the Volumes that holds what the layer refers to. */
  readonly session: { readonly volSessionId: number; readonly volSessionTime: number };
  /** True if it stands for all files and not only for those that changed. */
  readonly isFull: boolean;
  /** SHA-256 (hex) of the FileSet's names in their order: entries are found under the same numbers only while these are the same. */
  readonly roots: string;
  /** By the number of the options: SHA-256 (hex) of what of them decides about an entry's records. */
  readonly options: readonly string[];
}

/** Whose layers these are. */
export interface LayerScope {
  readonly director: string;
  /** Name of the Job resource. */
  readonly jobName: string;
  /** UUID of the store, domain within it, and how identities are made there. */
  readonly store: string;
  readonly domain: string;
  readonly identity: string;
}
