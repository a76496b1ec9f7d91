import { crc32 } from "node:zlib";
import { BB01_BLOCK_HEADER_BYTES, BB01_ID, BB02_ID, BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES } from "./format.ts";

/** Session that a block belongs to: a counter since the start of the storage daemon, and the unix second of that start. */
export interface SessionKey {
  readonly id: number;
  readonly time: number;
}

/** What a block says of itself. */
export interface BlockHeader {
  readonly version: 1 | 2;
  readonly checksum: number;
  /** Whole length with header. */
  readonly size: number;
  /** Sequence on the Volume; the label's block is 0. */
  readonly number: number;
  /** Undefined in BB01, where every record names its session. */
  readonly session: SessionKey | undefined;
  readonly headerBytes: number;
}

/**
 * Reads the header at `offset`; undefined when no block starts there (wrong Id, or a length that cannot be). The caller has checked
 * that BLOCK_HEADER_BYTES are there.
 */
export function readBlockHeader(view: DataView, offset: number): BlockHeader | undefined {
  const id = view.getUint32(offset + 12);
  if (id !== BB02_ID && id !== BB01_ID) return undefined;
  const version = id === BB02_ID ? 2 : 1;
  const headerBytes = version === 2 ? BLOCK_HEADER_BYTES : BB01_BLOCK_HEADER_BYTES;
  const size = view.getUint32(offset + 4);
  if (size < headerBytes || size > BLOCK_BYTES_MAX) return undefined;
  return {
    version,
    checksum: view.getUint32(offset),
    size,
    number: view.getUint32(offset + 8),
    session: version === 2 ? { id: view.getUint32(offset + 16), time: view.getUint32(offset + 20) } : undefined,
    headerBytes,
  };
}

/** Writes the BB02 header of a whole block in place and, when wanted, its checksum. */
export function sealBlock(
  block: Uint8Array,
  facts: { readonly number: number; readonly session: SessionKey; readonly checksum: boolean },
): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  view.setUint32(4, block.byteLength);
  view.setUint32(8, facts.number);
  view.setUint32(12, BB02_ID);
  view.setUint32(16, facts.session.id);
  view.setUint32(20, facts.session.time);
  view.setUint32(0, facts.checksum ? crc32(block.subarray(4)) : 0);
}

/**
 * Whether a block's bytes are those that were written. A checksum of 0 means that none was made (Block Checksum = no) and cannot
 * convict.
 */
export function isIntact(block: Uint8Array, header: BlockHeader): boolean {
  return header.checksum === 0 || crc32(block.subarray(4)) === header.checksum;
}
