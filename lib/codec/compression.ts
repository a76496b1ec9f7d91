import { constants, deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { expandLzo } from "./lzo.ts";

/** How the data records of a file are compressed: each record by itself. */
export type Compression =
  | { readonly kind: "none" }
  | { readonly kind: "gzip"; readonly level: number }
  | { readonly kind: "zstd"; readonly level: number };

/** Bytes of the header before the data of a compressed record (streams 29 and 30). */
export const COMPRESSED_HEADER_BYTES = 12;
/** First word of that header. ZSTD is ours; Bacula knows the others. */
export const compressedMagic = { gzip: 0x475a4950, lzo: 0x4c5a4f58, none: 0x4e4f4e45, zstd: 0x5a535444 } as const;
const HEADER_VERSION = 1;
/** Most bytes that one compressed record may expand to: against bombs. */
const EXPANDED_BYTES_MAX = 16 * 1024 * 1024;

/** What the FileSet's Compression option asks for; undefined if this program cannot compress so (LZO). */
export function compressionOfOption(option: string): Compression | undefined {
  const found = /^(GZIP|ZSTD)(\d{0,2})$/i.exec(option);
  if (option === "" || /^none$/i.test(option)) return { kind: "none" };
  if (found === null) return undefined;
  const isGzip = found[1]!.toUpperCase() === "GZIP";
  const level = found[2] === "" ? (isGzip ? 6 : 3) : Number(found[2]);
  return isGzip
    ? { kind: "gzip", level: Math.min(Math.max(level, 1), 9) }
    : { kind: "zstd", level: Math.min(Math.max(level, 1), 19) };
}

/** Compresses the data of one record for stream 4 or 7 (zlib format, no header). */
export function deflateRecord(data: Uint8Array, level: number): Buffer {
  return deflateSync(data, { level });
}

/** Compresses the data of one record for stream 29 or 30: header, then zstd, or the data as it is where that is not shorter. */
export function zstdRecord(data: Uint8Array, level: number): Buffer {
  const packed = zstdCompressSync(data, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  const isShorter = packed.byteLength < data.byteLength;
  const payload = isShorter ? packed : data;
  const record = Buffer.allocUnsafe(COMPRESSED_HEADER_BYTES + payload.byteLength);
  record.writeUInt32BE(isShorter ? compressedMagic.zstd : compressedMagic.none, 0);
  record.writeUInt32BE(payload.byteLength, 4);
  record.writeUInt16BE(level, 8);
  record.writeUInt16BE(HEADER_VERSION, 10);
  record.set(payload, COMPRESSED_HEADER_BYTES);
  return record;
}

/** Expands the data of a record of stream 4 or 7. Throws OperatorError DATA_INVALID. */
export function inflateRecord(data: Uint8Array): Uint8Array {
  return expanding("zlib", () => inflateSync(data, { maxOutputLength: EXPANDED_BYTES_MAX }));
}

/** Expands the data of a record of stream 29 or 30, whatever its header names. Throws OperatorError DATA_INVALID. */
export function expandRecord(data: Uint8Array): Uint8Array {
  if (data.byteLength < COMPRESSED_HEADER_BYTES) throw invalid(`a compressed record of ${data.byteLength} bytes`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const payload = data.subarray(COMPRESSED_HEADER_BYTES);
  if (view.getUint16(10) !== HEADER_VERSION) throw invalid(`compressed record of version ${view.getUint16(10)}`);
  if (view.getUint32(4) !== payload.byteLength)
    throw invalid(`compressed record of ${payload.byteLength} bytes says ${view.getUint32(4)}`);
  const magic = view.getUint32(0);
  switch (magic) {
    case compressedMagic.none:
      return payload;
    case compressedMagic.gzip:
      return inflateRecord(payload);
    case compressedMagic.zstd:
      return expanding("zstd", () => zstdDecompressSync(payload, { maxOutputLength: EXPANDED_BYTES_MAX }));
    case compressedMagic.lzo:
      return expanding("LZO", () => expandLzo(payload, EXPANDED_BYTES_MAX));
    default:
      throw invalid(`compression 0x${magic.toString(16).padStart(8, "0")} is unknown`);
  }
}

function expanding(kind: string, expand: () => Uint8Array): Uint8Array {
  try {
    return expand();
  } catch (error) {
    throw invalid(`${kind} data cannot be expanded`, error);
  }
}

function invalid(text: string, cause?: unknown): OperatorError {
  return new OperatorError("DATA_INVALID", text, { cause });
}
