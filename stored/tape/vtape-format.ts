import { crc32 } from "node:zlib";
import { BLOCK_BYTES_MAX } from "../volume/format.ts";

/* The layout of a tape in a file: docs/formats/vtape.md. All integers are big-endian. */

/** Bytes before the first frame: the header, then two directories. */
export const VTAPE_HEAD_BYTES = 192;

/** Length of the header and of each directory. */
export const VTAPE_PART_BYTES = 64;

/** Length of the header of a frame. A file mark is nothing else. */
export const FRAME_BYTES = 48;

/** Most files on one tape. */
export const TAPE_FILES_MAX = 2 ** 20;

const MAGIC = Buffer.from("Nocturne vtape\n\0");
const VERSION = 1;
const FRAME_MAGIC = 0x4e565446;
const DIRECTORY_MAGIC = 0x4e565444;
const MARK = 2;
const BLOCK = 1;

/** A frame: a block of data or a file mark. */
export interface Frame {
  readonly kind: "block" | "mark";
  /** Grows each time when something is written over older frames; frames of an older one behind it are void. */
  readonly generation: number;
  readonly file: number;
  /** Number of the block in its file; of a mark: how many blocks its file has. */
  readonly block: number;
  /** Length of the data behind the header; 0 for a mark. */
  readonly bytes: number;
  readonly checksum: number;
  /** Bytes of all blocks before this frame. */
  readonly before: number;
  /** Offset in the file of the mark before this one; 0: there is none. Blocks: 0. */
  readonly previousMark: number;
}

/** Where the last file mark is. */
export interface Directory {
  readonly sequence: number;
  readonly generation: number;
  readonly marks: number;
  /** Offset of the last mark in the file; 0: there is none. */
  readonly lastMark: number;
}

/** The first bytes of the file. */
export function writeHeader(capacity: number): Uint8Array {
  const bytes = new Uint8Array(VTAPE_PART_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, VERSION);
  view.setBigUint64(24, BigInt(capacity));
  return sealed(bytes);
}

/** The capacity that a header tells; a sentence about what is wrong if it is none. */
export function readHeader(bytes: Uint8Array): number | string {
  if (bytes.byteLength < VTAPE_PART_BYTES || !MAGIC.equals(bytes.subarray(0, MAGIC.length)))
    return "it does not begin like one";
  const part = bytes.subarray(0, VTAPE_PART_BYTES);
  if (!isSealed(part)) return "its header is damaged";
  const view = viewOf(part);
  if (view.getUint32(16) !== VERSION) return `its version is ${view.getUint32(16)}, and ${VERSION} is understood`;
  return safe(view.getBigUint64(24)) ?? "its header cannot be";
}

/** A directory as it lies in the file. */
export function writeDirectory({ sequence, generation, marks, lastMark }: Directory): Uint8Array {
  const bytes = new Uint8Array(VTAPE_PART_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, DIRECTORY_MAGIC);
  view.setUint32(4, generation);
  view.setBigUint64(8, BigInt(sequence));
  view.setUint32(16, marks);
  view.setBigUint64(24, BigInt(lastMark));
  return sealed(bytes);
}

/** Undefined if no directory lies there that was written whole. */
export function readDirectory(bytes: Uint8Array): Directory | undefined {
  const view = viewOf(bytes);
  if (bytes.byteLength < VTAPE_PART_BYTES || view.getUint32(0) !== DIRECTORY_MAGIC || !isSealed(bytes)) return undefined;
  const sequence = safe(view.getBigUint64(8));
  const lastMark = safe(view.getBigUint64(24));
  if (sequence === undefined || lastMark === undefined) return undefined;
  return { sequence, generation: view.getUint32(4), marks: view.getUint32(16), lastMark };
}

/** The header of a frame. */
export function writeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FRAME_MAGIC);
  view.setUint32(4, frame.kind === "mark" ? MARK : BLOCK);
  view.setUint32(8, frame.generation);
  view.setUint32(12, frame.file);
  view.setUint32(16, frame.block);
  view.setUint32(20, frame.bytes);
  view.setBigUint64(24, BigInt(frame.before));
  view.setBigUint64(32, BigInt(frame.previousMark));
  view.setUint32(40, frame.checksum);
  return sealed(bytes);
}

/** Undefined if no frame begins there. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.byteLength < FRAME_BYTES) return undefined;
  const view = viewOf(bytes);
  const kind = view.getUint32(4);
  if (view.getUint32(0) !== FRAME_MAGIC || (kind !== MARK && kind !== BLOCK) || !isSealed(bytes.subarray(0, FRAME_BYTES)))
    return undefined;
  const before = safe(view.getBigUint64(24));
  const previousMark = safe(view.getBigUint64(32));
  const length = view.getUint32(20);
  if (before === undefined || previousMark === undefined || length > BLOCK_BYTES_MAX || (kind === MARK) !== (length === 0))
    return undefined;
  return {
    kind: kind === MARK ? "mark" : "block",
    generation: view.getUint32(8),
    file: view.getUint32(12),
    block: view.getUint32(16),
    bytes: length,
    checksum: view.getUint32(40),
    before,
    previousMark,
  };
}

/** With the checksum of all before it in the last four bytes. */
function sealed(bytes: Uint8Array): Uint8Array {
  viewOf(bytes).setUint32(bytes.byteLength - 4, crc32(bytes.subarray(0, -4)));
  return bytes;
}

function isSealed(bytes: Uint8Array): boolean {
  return viewOf(bytes).getUint32(bytes.byteLength - 4) === crc32(bytes.subarray(0, -4));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safe(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
