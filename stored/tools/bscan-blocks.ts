import { RECORD_DATA_BYTES_MAX, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import type { ReadBlock } from "#stored/volume/block-reader.ts";

/** What the record headers of a block say. */
export interface BlockContents {
  /** First and last FileIndex of which a part lies in the block; 0: only labels. */
  readonly first: number;
  readonly last: number;
  /** Files of which a part lies in it. */
  readonly files: number;
  /** Bytes of data of files. */
  readonly bytes: number;
}

/** Goes through the record headers of a block of one session, touching no data. */
export function blockContents({ bytes, header }: ReadBlock): BlockContents {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = header.headerBytes;
  let first = 0;
  let last = 0;
  let files = 0;
  let data = 0;
  while (at + RECORD_HEADER_BYTES <= bytes.byteLength) {
    const fileIndex = view.getInt32(at);
    const size = view.getUint32(at + 8);
    if ((fileIndex === 0 && size === 0) || size > RECORD_DATA_BYTES_MAX) break;
    at += RECORD_HEADER_BYTES;
    const part = Math.min(size, bytes.byteLength - at);
    at += part;
    if (fileIndex <= 0) continue;
    if (first === 0) first = fileIndex;
    if (fileIndex !== last) files += 1;
    last = fileIndex;
    data += part;
  }
  return { first, last, files, bytes: data };
}
