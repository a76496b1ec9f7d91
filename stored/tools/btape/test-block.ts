import { RECORD_HEADER_BYTES, readRecordHeader, writeRecordHeader } from "#lib/wire/record.ts";
import { isIntact, readBlockHeader, sealBlock } from "#stored/volume/block.ts";
import { BLOCK_HEADER_BYTES } from "#stored/volume/format.ts";

/** Session of the blocks that btape writes. */
export const TEST_SESSION = { id: 1, time: 1 };

/** Stream of their records: unnamed data. */
const STREAM = 2;

/** What is not data in a block with one record. */
export const TEST_BLOCK_OVERHEAD = BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES;

/** A block of a Volume with one record whose data are the record's number again and again. */
export function testBlock(number: number, dataBytes: number): Uint8Array {
  const block = new Uint8Array(TEST_BLOCK_OVERHEAD + dataBytes);
  const view = new DataView(block.buffer);
  writeRecordHeader(view, BLOCK_HEADER_BYTES, { fileIndex: number, stream: STREAM, dataSize: dataBytes });
  new Uint32Array(block.buffer, TEST_BLOCK_OVERHEAD, Math.floor(dataBytes / 4)).fill(number);
  sealBlock(block, { number, session: TEST_SESSION, checksum: true });
  return block;
}

/** What is wrong with a block that should be the one that `testBlock` made; undefined if nothing is. */
export function faultOfTestBlock(block: Uint8Array, number: number, dataBytes: number): string | undefined {
  if (block.byteLength !== TEST_BLOCK_OVERHEAD + dataBytes)
    return `Expected a block of ${TEST_BLOCK_OVERHEAD + dataBytes} bytes, got ${block.byteLength}.`;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const header = readBlockHeader(view, 0);
  if (header === undefined || !isIntact(block, header))
    return "The block read is no block of a Volume, or its checksum is wrong.";
  const { fileIndex } = readRecordHeader(view, BLOCK_HEADER_BYTES);
  if (header.number !== number || fileIndex !== number) return `Expected block ${number}, got ${header.number}.`;
  for (let at = TEST_BLOCK_OVERHEAD; at + 4 <= block.byteLength; at += 4) {
    const found = view.getUint32(at, true);
    if (found !== number) return `Bad data in record. Expected ${number}, got ${found} at byte ${at - TEST_BLOCK_OVERHEAD}.`;
  }
  return undefined;
}
