import { crc32 } from "node:zlib";
import { CHUNK_BYTES_MAX, CHUNK_ID_BYTES, FRAME_HEADER_BYTES, chunkMethod } from "#lib/chunk/chunk-frame.ts";

/*
 * A container: header, chunk frames back to back, directory, footer (docs/formats/chunk-store.md, section 3). Little-endian. Fixed for
 * ever: containers of past years are read with it.
 */

/** Version of the format that is written. */
export const CONTAINER_VERSION = 1;
/** Bytes before the first frame. */
export const CONTAINER_HEADER_BYTES = 256;
/** Bytes of one entry of the directory. */
export const DIRECTORY_ENTRY_BYTES = 48;
/** Bytes of the footer, the last ones of a container. */
export const CONTAINER_FOOTER_BYTES = 80;
/** A container that has reached this length takes no more chunks. */
export const CONTAINER_BYTES_TARGET = 32 * 1024 * 1024;
/** Longest container that is read. One chunk may lie behind the target, and the directory behind that. */
export const CONTAINER_BYTES_MAX = 256 * 1024 * 1024;

const HEADER_MAGIC = Buffer.from("NocChunk", "latin1");
const FOOTER_MAGIC = Buffer.from("NocChEnd", "latin1");
const DOMAIN_AT = 64;
const DOMAIN_BYTES_MAX = CONTAINER_HEADER_BYTES - DOMAIN_AT;

/** What a container says of itself at its start. */
export interface ContainerHeader {
  /** 16 bytes of the store's UUID. */
  readonly store: Uint8Array;
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** Name of the domain: ASCII. */
  readonly domain: string;
}

/** What a container says of itself at its end. */
export interface ContainerFooter {
  readonly store: Uint8Array;
  readonly number: number;
  readonly directoryAt: number;
  readonly chunks: number;
  /** Bytes of all its chunks before compression. */
  readonly plainBytes: number;
  readonly directoryCrc: number;
}

/** One chunk of a container. */
export interface ContainerEntry {
  readonly id: Uint8Array;
  /** Where its frame starts in the file. */
  readonly offset: number;
  /** Bytes of the frame's payload. */
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly method: number;
  readonly level: number;
}

/** The header as it lies in the file. */
export function writeContainerHeader(header: ContainerHeader): Buffer {
  const bytes = Buffer.alloc(CONTAINER_HEADER_BYTES);
  HEADER_MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(CONTAINER_VERSION, 8);
  bytes.writeUInt16LE(CONTAINER_HEADER_BYTES, 10);
  bytes.set(header.store, 16);
  bytes.writeUInt32LE(header.number, 32);
  bytes.writeBigUInt64LE(BigInt(header.createdMs), 40);
  bytes.write(header.domain, DOMAIN_AT, DOMAIN_BYTES_MAX, "latin1");
  bytes.writeUInt32LE(crcWithout(bytes, 12), 12);
  return bytes;
}

/** What the header says; undefined if it is damaged, or of a version that is not known. */
export function readContainerHeader(bytes: Buffer): ContainerHeader | undefined {
  if (bytes.length < CONTAINER_HEADER_BYTES || !HEADER_MAGIC.equals(bytes.subarray(0, 8))) return undefined;
  const header = bytes.subarray(0, CONTAINER_HEADER_BYTES);
  if (header.readUInt16LE(8) !== CONTAINER_VERSION || header.readUInt16LE(10) !== CONTAINER_HEADER_BYTES) return undefined;
  if (header.readUInt32LE(12) !== crcWithout(header, 12)) return undefined;
  const end = header.indexOf(0, DOMAIN_AT);
  return {
    store: header.subarray(16, 32),
    number: header.readUInt32LE(32),
    createdMs: Number(header.readBigUInt64LE(40)),
    domain: header.toString("latin1", DOMAIN_AT, end === -1 ? CONTAINER_HEADER_BYTES : end),
  };
}

/** The footer as it lies in the file. */
export function writeContainerFooter(footer: ContainerFooter): Buffer {
  const bytes = Buffer.alloc(CONTAINER_FOOTER_BYTES);
  FOOTER_MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(CONTAINER_VERSION, 8);
  bytes.writeUInt16LE(CONTAINER_FOOTER_BYTES, 10);
  bytes.set(footer.store, 16);
  bytes.writeUInt32LE(footer.number, 32);
  bytes.writeUInt32LE(footer.directoryAt, 36);
  bytes.writeUInt32LE(footer.chunks, 40);
  bytes.writeUInt32LE(footer.directoryCrc, 44);
  bytes.writeBigUInt64LE(BigInt(footer.plainBytes), 48);
  bytes.writeUInt32LE(crcWithout(bytes, 12), 12);
  return bytes;
}

/**
 * What the last bytes of a file of `fileBytes` bytes say; undefined if they are no intact footer, or one that cannot be of a file of
 * this length.
 */
export function readContainerFooter(bytes: Buffer, fileBytes: number): ContainerFooter | undefined {
  if (bytes.length !== CONTAINER_FOOTER_BYTES || !FOOTER_MAGIC.equals(bytes.subarray(0, 8))) return undefined;
  if (bytes.readUInt16LE(8) !== CONTAINER_VERSION || bytes.readUInt16LE(10) !== CONTAINER_FOOTER_BYTES) return undefined;
  if (bytes.readUInt32LE(12) !== crcWithout(bytes, 12)) return undefined;
  const footer = {
    store: bytes.subarray(16, 32),
    number: bytes.readUInt32LE(32),
    directoryAt: bytes.readUInt32LE(36),
    chunks: bytes.readUInt32LE(40),
    directoryCrc: bytes.readUInt32LE(44),
    plainBytes: Number(bytes.readBigUInt64LE(48)),
  };
  const end = footer.directoryAt + footer.chunks * DIRECTORY_ENTRY_BYTES + CONTAINER_FOOTER_BYTES;
  return footer.directoryAt >= CONTAINER_HEADER_BYTES && end === fileBytes ? footer : undefined;
}

/** Writes one entry of the directory at `at`. */
export function putEntry(directory: Buffer, at: number, entry: ContainerEntry): void {
  directory.set(entry.id, at);
  directory.writeUInt32LE(entry.offset, at + 32);
  directory.writeUInt32LE(entry.storedBytes, at + 36);
  directory.writeUInt32LE(entry.plainBytes, at + 40);
  directory[at + 44] = entry.method;
  directory[at + 45] = entry.level;
  directory.writeUInt16LE(0, at + 46);
}

/** The directory of a container, without an object for each chunk. Entries stand in the order of the file. */
export class ContainerDirectory {
  readonly bytes: Buffer;

  /** `bytes`: the entries, whole ones only. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get count(): number {
    return this.bytes.length / DIRECTORY_ENTRY_BYTES;
  }

  /** Identity of entry `i`: a view. */
  id(i: number): Buffer {
    return this.bytes.subarray(i * DIRECTORY_ENTRY_BYTES, i * DIRECTORY_ENTRY_BYTES + CHUNK_ID_BYTES);
  }

  /** Where the identity of entry `i` stands in `bytes`. */
  idAt(i: number): number {
    return i * DIRECTORY_ENTRY_BYTES;
  }

  /** Where its frame starts in the file. */
  offset(i: number): number {
    return this.bytes.readUInt32LE(i * DIRECTORY_ENTRY_BYTES + 32);
  }

  /** Bytes of the frame with its header. */
  frameBytes(i: number): number {
    return FRAME_HEADER_BYTES + this.storedBytes(i);
  }

  storedBytes(i: number): number {
    return this.bytes.readUInt32LE(i * DIRECTORY_ENTRY_BYTES + 36);
  }

  plainBytes(i: number): number {
    return this.bytes.readUInt32LE(i * DIRECTORY_ENTRY_BYTES + 40);
  }

  method(i: number): number {
    return this.bytes[i * DIRECTORY_ENTRY_BYTES + 44]!;
  }

  /** Whether its frames can lie in a file before `end`: in order, without overlap, with lengths that can be. */
  fits(end: number): boolean {
    let free = CONTAINER_HEADER_BYTES;
    for (let i = 0; i < this.count; i++) {
      const stored = this.storedBytes(i);
      const plain = this.plainBytes(i);
      const isRaw = this.method(i) === chunkMethod.raw;
      if (this.method(i) > chunkMethod.zstd || plain === 0 || plain > CHUNK_BYTES_MAX) return false;
      if (isRaw ? stored !== plain : stored > plain) return false;
      if (this.offset(i) < free) return false;
      free = this.offset(i) + FRAME_HEADER_BYTES + stored;
    }
    return free <= end;
  }
}

/** CRC-32 of `bytes` without the four at `at`. */
function crcWithout(bytes: Buffer, at: number): number {
  return crc32(bytes.subarray(at + 4), crc32(bytes.subarray(0, at)));
}
