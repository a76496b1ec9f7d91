import { isIntact, readBlockHeader } from "./block.ts";
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES } from "./format.ts";
import type { BlockHeader } from "./block.ts";
import type { TapeSide } from "../device/device.ts";

/** The part of a Medium that is read. */
export interface BlockSource {
  /** Reads what is at `address` into `into`; answers the number of bytes, less than asked only at the end. */
  readAt(into: Uint8Array, address: number): number;
  /** Where blocks are read one by one: a tape. */
  readonly tape?: TapeSide | undefined;
}

/** Reads blocks one after the other, from any address at which a block begins. */
export interface BlockWalk {
  /** Address of the next block. */
  readonly address: number;
  /** Goes on at another address. */
  seek(address: number): void;
  /** The next intact block; undefined at the end of the Volume. */
  next(): ReadBlock | undefined;
}

/** A block as it lies on the Volume. `bytes` is a view that the next call overwrites. */
export interface ReadBlock {
  readonly address: number;
  readonly header: BlockHeader;
  readonly bytes: Uint8Array;
}

/** A stretch of a Volume that could not be read as blocks. */
export interface Damage {
  readonly address: number;
  /** Bytes that were passed over. */
  readonly bytes: number;
  readonly reason: string;
}

/** Bytes fetched from the medium in one call. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Bytes whose checksums are computed in a search for the next good block before it has covered any distance. */
const SEARCH_BYTES = 256 * 1024 * 1024;

const MAGIC = Buffer.from("BB0");

/**
 * Reads blocks one after the other, from any address at which a block begins. A damaged stretch is reported and passed over up to
 * the next good block. Memory is bounded by the longest block, whatever the Volume says.
 */
export class BlockReader implements BlockWalk {
  readonly #source: BlockSource;
  readonly #onDamage: (damage: Damage) => void;
  #chunk: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** Address of the chunk's first byte, and how much of it is filled. */
  #chunkAddress = 0;
  #filled = 0;
  #address = 0;

  constructor(source: BlockSource, onDamage: (damage: Damage) => void, chunkBytes = CHUNK_BYTES) {
    this.#source = source;
    this.#onDamage = onDamage;
    this.#chunk = new Uint8Array(chunkBytes);
    this.#view = new DataView(this.#chunk.buffer);
  }

  /** Address of the next block. */
  get address(): number {
    return this.#address;
  }

  /** Goes on at another address. */
  seek(address: number): void {
    this.#address = address;
  }

  /** The next intact block; undefined at the end of the Volume. */
  next(): ReadBlock | undefined {
    const start = this.#address;
    let found = this.#blockAt(start);
    if (typeof found === "string" && found !== "end") {
      this.#address = this.#nextGoodBlock(start);
      this.#onDamage({ address: start, bytes: this.#address - start, reason: found });
      found = this.#blockAt(this.#address);
    }
    if (typeof found === "string") return undefined;
    this.#address = found.address + found.header.size;
    return found;
  }

  /** The block at an address, the reason why none can be read there, or "end". */
  #blockAt(address: number): ReadBlock | string {
    const available = this.#fetch(address, BLOCK_HEADER_BYTES);
    if (available === 0) return "end";
    if (available < BLOCK_HEADER_BYTES) return `${available} bytes are left, too few for a block`;
    const offset = address - this.#chunkAddress;
    const header = readBlockHeader(this.#view, offset);
    if (header === undefined) return "no block begins here";
    const whole = this.#fetch(address, header.size);
    if (whole < header.size) return `the block says ${header.size} bytes, but the Volume ends after ${whole}`;
    const begin = address - this.#chunkAddress;
    const bytes = this.#chunk.subarray(begin, begin + header.size);
    if (!isIntact(bytes, header)) return `the checksum of block ${header.number} is wrong`;
    return { address, header, bytes };
  }

  /**
   * Where reading can go on after damage at `address`: the next place that looks like a block and has a right checksum. The end of
   * the Volume if there is none.
   */
  #nextGoodBlock(address: number): number {
    const jump = this.#jump(address);
    if (jump !== undefined) return jump;
    // Every candidate costs a checksum; hostile bytes could name millions. The budget grows only with the distance covered.
    let budget = SEARCH_BYTES;
    let from = address + 1;
    for (;;) {
      const available = this.#fetch(from, BLOCK_HEADER_BYTES);
      if (available < BLOCK_HEADER_BYTES) return from + available;
      const found = Buffer.from(this.#chunk.buffer, 0, this.#filled).indexOf(MAGIC, from - this.#chunkAddress + 12);
      // Without a find go on so that a magic across the chunk's end is seen in the next chunk.
      const candidate =
        found < 0 ? Math.max(from, this.#chunkAddress + this.#filled - BLOCK_HEADER_BYTES) : this.#chunkAddress + found - 12;
      budget += 4 * (candidate - from);
      from = candidate + 1;
      if (found < 0) continue;
      const size = this.#sizeAt(candidate);
      if (size > budget) continue;
      budget -= size;
      if (typeof this.#blockAt(candidate) === "object") return candidate;
    }
  }

  /** Length that a block at this address claims; 0 if none begins there. */
  #sizeAt(address: number): number {
    if (this.#fetch(address, BLOCK_HEADER_BYTES) < BLOCK_HEADER_BYTES) return 0;
    return readBlockHeader(this.#view, address - this.#chunkAddress)?.size ?? 0;
  }

  /** If only the content of a block is damaged, its length still leads to the next one. */
  #jump(address: number): number | undefined {
    if (this.#fetch(address, BLOCK_HEADER_BYTES) < BLOCK_HEADER_BYTES) return undefined;
    const header = readBlockHeader(this.#view, address - this.#chunkAddress);
    if (header === undefined) return undefined;
    const next = address + header.size;
    const found = this.#blockAt(next);
    // A length that is damaged may lead to a later block by chance; a number that jumps gives it away. Numbers may begin anew.
    return typeof found === "object" && found.header.number <= header.number + 1 ? next : undefined;
  }

  /** Makes sure that the chunk holds `bytes` bytes from `address` on, as far as the Volume has them; answers how many it holds. */
  #fetch(address: number, bytes: number): number {
    const offset = address - this.#chunkAddress;
    if (offset >= 0 && offset + bytes <= this.#filled) return bytes;
    if (bytes > this.#chunk.byteLength) {
      this.#chunk = new Uint8Array(Math.min(BLOCK_BYTES_MAX, bytes * 2));
      this.#view = new DataView(this.#chunk.buffer);
      this.#filled = 0;
    }
    this.#filled = this.#source.readAt(this.#chunk, address);
    this.#chunkAddress = address;
    return Math.min(bytes, this.#filled);
  }
}
