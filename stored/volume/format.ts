/* The numbers of the Volume format: the code twin of docs/formats/volume.md. All integers on a Volume are big-endian. */

/** Bytes of a BB02 block header: CheckSum, BlockSize, BlockNumber, Id, VolSessionId, VolSessionTime. Fixed for ever. */
export const BLOCK_HEADER_BYTES = 24;

/** Bytes of a BB01 block header (read only): the session stands in each record instead. */
export const BB01_BLOCK_HEADER_BYTES = 16;

/** Bytes of a BB01 record header (read only): VolSessionId, VolSessionTime, FileIndex, Stream, DataSize. */
export const BB01_RECORD_HEADER_BYTES = 20;

/** "BB02" and "BB01" at byte 12 of a block, as big-endian numbers. */
export const BB02_ID = 0x42423032;
export const BB01_ID = 0x42423031;

/** Block size unless the Device says otherwise. */
export const BLOCK_BYTES_DEFAULT = 64_512;

/** Longest block that is read or written: what Bacula accepts too. Bounds the memory that a damaged length can ask for. */
export const BLOCK_BYTES_MAX = 20_000_000;

/** Shortest Maximum Block Size: a label and a useful record must fit. */
export const BLOCK_BYTES_LEAST = 4096;

/** What a negative FileIndex says of its record. */
export const labelType = {
  preLabel: -1,
  volumeLabel: -2,
  endOfMedium: -3,
  startOfSession: -4,
  endOfSession: -5,
  endOfTape: -6,
  startOfObject: -7,
  endOfObject: -8,
} as const;

/** First field of every label that Bacula writes and reads. */
export const LABEL_ID = "Bacula 1.0 immortal\n";

/** An older Id with the same fields; read only. */
export const LABEL_ID_OLD = "Bacula 0.9 mortal\n";

/** Version of the labels that we write. 10 and 9 are read too. */
export const LABEL_VERSION = 11;

/** Longest label record; what Bacula accepts. */
export const LABEL_BYTES_MAX = 1024;

/** Longest name on a label, without its final NUL. */
export const LABEL_NAME_BYTES_MAX = 127;

/** Low bits of a stream number: its type. The higher bits are options (sparse offsets and so on). */
export const STREAM_TYPE_MASK = 0x7ff;

/** Streams that go to the catalog: attributes and the four digests. */
export function isCatalogStream(stream: number): boolean {
  const type = stream & STREAM_TYPE_MASK;
  return type === 1 || type === 3 || type === 10 || type === 17 || type === 18 || type === 5;
}
