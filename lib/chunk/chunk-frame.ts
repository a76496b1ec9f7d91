import { crc32 } from "node:zlib";
import { OperatorError } from "#lib/errors/operator-error.ts";

/*
 * A chunk frame is one chunk as it travels and as it lies in a container, byte for byte the same (docs/formats/chunk-store.md). Little-endian:
 *   0  u8   method     0: payload is the chunk itself, 1: one Zstandard frame
 *   1  u8   level      of compression, for people
 *   2  u16  zero
 *   4  u32  plainBytes of the chunk
 *   8  u32  storedBytes of the payload
 *  12  u32  crc32      of bytes 0-11, 16-47 and the payload, in this order
 *  16  32 bytes        identity
 *  48  payload
 */

/** Bytes of a chunk's identity. */
export const CHUNK_ID_BYTES = 32;
/** Bytes before the payload. Fixed for ever. */
export const FRAME_HEADER_BYTES = 48;
/** Most bytes of a chunk. */
export const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** How a payload is coded. Never renumbered. */
export const chunkMethod = { raw: 0, zstd: 1 } as const;

/** Where the crc stands. */
const CRC_AT = 12;
const ID_AT = 16;

/** What a frame's header says. */
export interface FrameHeader {
  readonly method: number;
  readonly level: number;
  readonly plainBytes: number;
  readonly storedBytes: number;
}

/**
 * Writes the header of a frame whose payload stands already at `at` + FRAME_HEADER_BYTES, checksum included. `bytes` holds the
 * whole frame.
 */
export function writeFrameHeader(bytes: Uint8Array, at: number, header: FrameHeader, id: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
  view.setUint8(0, header.method);
  view.setUint8(1, header.level);
  view.setUint16(2, 0);
  view.setUint32(4, header.plainBytes, true);
  view.setUint32(8, header.storedBytes, true);
  bytes.set(id, at + ID_AT);
  view.setUint32(CRC_AT, frameCrc(bytes, at, header.storedBytes), true);
}

/**
 * Walks over a run of frames without making an object for each. Every length is checked against the run; a wrong one throws
 * OperatorError CHUNK_FRAME_INVALID. Checksums are looked at only by `isIntact`.
 */
export class FrameCursor implements FrameHeader {
  method = 0;
  level = 0;
  plainBytes = 0;
  storedBytes = 0;
  /** Where the frame at hand starts, counted from the start of the run. */
  start = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;

  constructor(run: Uint8Array) {
    this.bytes = run;
    this.#view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  }

  /** Goes to the next frame; false at the end of the run. */
  next(): boolean {
    const start = this.#next;
    const left = this.bytes.byteLength - start;
    if (left === 0) return false;
    if (left < FRAME_HEADER_BYTES) throw invalid(`${left} bytes are left at byte ${start}, too few for a header`);
    const method = this.#view.getUint8(start);
    const plainBytes = this.#view.getUint32(start + 4, true);
    const storedBytes = this.#view.getUint32(start + 8, true);
    if (method > chunkMethod.zstd || this.#view.getUint16(start + 2) !== 0)
      throw invalid(`the frame at byte ${start} has method ${method}, which is not known`);
    if (plainBytes === 0 || plainBytes > CHUNK_BYTES_MAX)
      throw invalid(`the frame at byte ${start} says that its chunk has ${plainBytes} bytes; ${CHUNK_BYTES_MAX} is the most`);
    if (storedBytes > plainBytes || (method === chunkMethod.raw && storedBytes !== plainBytes))
      throw invalid(`the frame at byte ${start} says ${storedBytes} bytes for a chunk of ${plainBytes}`);
    if (storedBytes > left - FRAME_HEADER_BYTES)
      throw invalid(`the frame at byte ${start} says ${storedBytes} bytes of payload, but the run ends before them`);
    this.method = method;
    this.level = this.#view.getUint8(start + 1);
    this.plainBytes = plainBytes;
    this.storedBytes = storedBytes;
    this.start = start;
    this.#next = start + FRAME_HEADER_BYTES + storedBytes;
    return true;
  }

  /** Where the frame at hand ends, counted from the start of the run. */
  get end(): number {
    return this.#next;
  }

  /** Identity of the frame at hand: a view. */
  get id(): Uint8Array {
    return this.bytes.subarray(this.start + ID_AT, this.start + ID_AT + CHUNK_ID_BYTES);
  }

  /** Payload of the frame at hand: a view. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.start + FRAME_HEADER_BYTES, this.#next);
  }

  /** Whether the checksum of the frame at hand is right. */
  get isIntact(): boolean {
    return this.#view.getUint32(this.start + CRC_AT, true) === frameCrc(this.bytes, this.start, this.storedBytes);
  }
}

function frameCrc(bytes: Uint8Array, at: number, storedBytes: number): number {
  const head = crc32(bytes.subarray(at, at + CRC_AT));
  return crc32(bytes.subarray(at + ID_AT, at + FRAME_HEADER_BYTES + storedBytes), head);
}

function invalid(what: string): OperatorError {
  return new OperatorError("CHUNK_FRAME_INVALID", `a run of chunks cannot be read: ${what}`);
}
