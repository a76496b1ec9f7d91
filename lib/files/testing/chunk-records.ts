import { createHash, hash } from "node:crypto";
import { chunkMethod, FRAME_HEADER_BYTES, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { zstd } from "#lib/codec/zstd.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { FileRestorer } from "../file-restorer.ts";
import { relocation } from "../relocate.ts";
import type { FileRestorerOptions, RestoreCounts } from "../restore-place.ts";

/** A record as FileRestorer takes it. */
export type SavedRecord = readonly [fileIndex: number, stream: number, data: Uint8Array];

const STAT = {
  ...decodeLStat("P4A ISI7 IGk B A A A G BAA I BrAUSg BrAUR1 BrAUR1 A A C")!,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mode: 0o100640,
};

/** The attributes of a file, a regular one unless it is said otherwise. */
export function attributes(
  fileIndex: number,
  name: string,
  size: number,
  dataStream = 2,
  { type, mode }: { readonly type: number; readonly mode: number } = { type: 3, mode: STAT.mode },
): SavedRecord {
  const bytes = Buffer.alloc(attributeBytesMax(name.length, 0));
  const record = { fileIndex, type, name, link: "", stat: { ...STAT, size, dataStream, mode }, exact: undefined };
  return [fileIndex, streamType.attributes, bytes.subarray(0, putAttributes(bytes, 0, record))];
}

/** A chunk of a file, compressed if that makes it shorter. */
export function chunk(fileIndex: number, address: number, plain: Uint8Array): SavedRecord {
  const record = Buffer.alloc(8 + FRAME_HEADER_BYTES + plain.byteLength + 1024);
  record.writeBigUInt64BE(BigInt(address));
  const packed = zstd().compress(record.subarray(8 + FRAME_HEADER_BYTES), plain, 3);
  const isShorter = packed > 0 && packed < plain.byteLength;
  if (!isShorter) record.set(plain, 8 + FRAME_HEADER_BYTES);
  const storedBytes = isShorter ? packed : plain.byteLength;
  const method = isShorter ? chunkMethod.zstd : chunkMethod.raw;
  const header = { method, level: 3, plainBytes: plain.byteLength, storedBytes };
  writeFrameHeader(record, 8, header, hash("sha256", plain, "buffer"));
  return [fileIndex, streamType.chunkData, record.subarray(0, 8 + FRAME_HEADER_BYTES + storedBytes)];
}

/** The digest of a file of these pieces. */
export function md5(fileIndex: number, ...data: Uint8Array[]): SavedRecord {
  const hasher = createHash("md5");
  for (const piece of data) hasher.update(piece);
  return [fileIndex, streamType.md5, hasher.digest()];
}

/** Restores the records below a directory; answers what was counted and said. */
export function restore(
  where: string,
  records: readonly SavedRecord[],
  options: Partial<FileRestorerOptions> = {},
): { readonly counts: RestoreCounts; readonly notes: readonly string[] } {
  const notes: string[] = [];
  using restorer = new FileRestorer({
    relocation: relocation(where, ""),
    replace: "always",
    numericIds: false,
    prefixLinks: false,
    note: (kind, text) => notes.push(`${kind}: ${text}`),
    ...options,
  });
  for (const [fileIndex, stream, data] of records) restorer.record(fileIndex, stream, data);
  restorer.endFile();
  restorer.makeLinks();
  restorer.openUnknownDirectories();
  restorer.setDirectories();
  return { counts: { ...restorer.counts }, notes };
}
