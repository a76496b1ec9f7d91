import { randomBytes } from "node:crypto";
import { invariant } from "#lib/base/assert.ts";
import { CHUNK_BYTES_MAX, CHUNK_ID_BYTES, FRAME_HEADER_BYTES } from "#lib/chunk/chunk-frame.ts";
import { CONTAINER_WORD, INFO_WORD, IndexShard, KEY_WORDS, OFFSET_WORD, SLOT_WORDS, placeHash } from "./chunk-index-shard.ts";
import type { IndexSeed } from "./chunk-index-shard.ts";

/** Shards of an index. A call about one of them takes no longer than a few milliseconds, whatever the size of the store. */
export const INDEX_SHARDS = 256;
/** Stamps are 1 to this; 0: none. */
export const STAMP_MAX = 127;

const BYTES_MASK = 0xff_ffff;
const STAMP_SHIFT = 24;
const STAMP_MASK = 0x7f00_0000;
const MARK_BIT = 0x8000_0000;

/** Where a frame lies. `container` is 1 at least; `bytes` are those of the frame with its header. */
export interface ChunkPlace {
  readonly container: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What is said about each chunk of a shard. Valid only within the call that shows it. */
export interface ChunkState extends ChunkPlace {
  readonly isMarked: boolean;
  /** 0: not touched since it was wiped. */
  readonly stamp: number;
}

/** What becomes of a chunk: nothing; its mark goes, or its mark and its stamp; the index forgets it. */
export type ChunkFate = "keep" | "unmark" | "wipe" | "drop";

/**
 * Identity -> place, in memory only, at most 48 bytes a chunk (docs/formats/chunk-store.md). The first 20 bytes of an identity stand for
 * it: two chunks with the same 160 bits of SHA-256 cannot be made. Beside its place each chunk has a stamp (when a running job last
 * relied on it) and a mark (a collection met it in a kept session). `find` puts the chunk at hand: the calls about it hold until the
 * next change.
 */
export class ChunkIndex implements ChunkPlace {
  /** Place of the chunk at hand. */
  container = 0;
  offset = 0;
  bytes = 0;
  readonly #shards: readonly IndexShard[];
  readonly #seed: IndexSeed;
  readonly #key = new Uint32Array(KEY_WORDS);
  #shard: IndexShard;
  #at = -1;
  #count = 0;

  constructor() {
    const random = randomBytes(8);
    this.#seed = { first: random.readUInt32LE(0), second: random.readUInt32LE(4) };
    this.#shard = new IndexShard(this.#seed);
    this.#shards = Array.from({ length: INDEX_SHARDS }, () => new IndexShard(this.#seed));
  }

  /** Chunks that are known. */
  get count(): number {
    return this.#count;
  }

  /** Memory that the tables take, bytes. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const shard of this.#shards) bytes += shard.slots.byteLength;
    return bytes;
  }

  /** Puts the chunk whose identity stands at `at` of `ids` at hand; false if it is not known. */
  find(ids: Uint8Array, at = 0): boolean {
    const hash = this.#take(ids, at);
    this.#at = this.#shard.find(this.#key, hash);
    if (this.#at < 0) return false;
    const { slots } = this.#shard;
    this.container = slots[this.#at + CONTAINER_WORD] ?? 0;
    this.offset = slots[this.#at + OFFSET_WORD] ?? 0;
    this.bytes = (slots[this.#at + INFO_WORD] ?? 0) & BYTES_MASK;
    return true;
  }

  /** Sets the place of a chunk, known or new. Stamp and mark stay as they are. */
  set(ids: Uint8Array, at: number, place: ChunkPlace): void {
    invariant(place.container > 0 && place.bytes <= CHUNK_BYTES_MAX + FRAME_HEADER_BYTES, "a chunk has a place in a container");
    const hash = this.#take(ids, at);
    let found = this.#shard.find(this.#key, hash);
    if (found < 0) {
      found = this.#shard.insert(this.#key, hash);
      this.#shard.slots[found + INFO_WORD] = 0;
      this.#count++;
    }
    const { slots } = this.#shard;
    slots[found + CONTAINER_WORD] = place.container;
    slots[found + OFFSET_WORD] = place.offset;
    slots[found + INFO_WORD] = ((slots[found + INFO_WORD] ?? 0) & ~BYTES_MASK) | place.bytes;
    this.#at = found;
    this.container = place.container;
    this.offset = place.offset;
    this.bytes = place.bytes;
  }

  /** Forgets a chunk; false if it is not known. No chunk is at hand afterwards. */
  delete(ids: Uint8Array, at = 0): boolean {
    const hash = this.#take(ids, at);
    const found = this.#shard.find(this.#key, hash);
    this.#at = -1;
    if (found < 0) return false;
    this.#shard.remove(found);
    this.#shard.shrink();
    this.#count--;
    return true;
  }

  /** Stamps the chunk at hand. */
  touch(stamp: number): void {
    this.#change((info) => (info & ~STAMP_MASK) | (stamp << STAMP_SHIFT));
  }

  /** Marks the chunk at hand: a kept session refers to it. */
  mark(): void {
    this.#change((info) => info | MARK_BIT);
  }

  /** State of the chunk at hand. */
  get stamp(): number {
    return ((this.#info & STAMP_MASK) >>> STAMP_SHIFT) & STAMP_MAX;
  }

  get isMarked(): boolean {
    return (this.#info & MARK_BIT) !== 0;
  }

  /** Shows every chunk of a shard; the answer says what becomes of it. No chunk is at hand afterwards. */
  visitShard(number: number, visit: (chunk: ChunkState) => ChunkFate): void {
    const shard = this.#shards[number];
    if (shard === undefined) return;
    this.#at = -1;
    const { slots } = shard;
    const chunk = { container: 0, offset: 0, bytes: 0, isMarked: false, stamp: 0 };
    for (let at = 0; at < slots.length; at += SLOT_WORDS) {
      // What is removed makes room for the next one, which is then looked at in its place.
      while (takeState(slots, at, chunk)) {
        const fate = visit(chunk);
        if (fate === "unmark") slots[at + INFO_WORD] = (slots[at + INFO_WORD] ?? 0) & ~MARK_BIT;
        if (fate === "wipe") slots[at + INFO_WORD] = chunk.bytes;
        if (fate !== "drop") break;
        shard.remove(at);
        this.#count--;
      }
    }
    shard.shrink();
  }

  get #info(): number {
    invariant(this.#at >= 0, "a chunk is at hand");
    return this.#shard.slots[this.#at + INFO_WORD] ?? 0;
  }

  #change(change: (info: number) => number): void {
    this.#shard.slots[this.#at + INFO_WORD] = change(this.#info);
  }

  /** Takes a key over and chooses its shard; answers its hash. */
  #take(ids: Uint8Array, at: number): number {
    invariant(at >= 0 && at + CHUNK_ID_BYTES <= ids.byteLength, "an identity is whole");
    const key = this.#key;
    for (let word = 0, from = at; word < KEY_WORDS; word++, from += 4)
      key[word] = (ids[from] ?? 0) | ((ids[from + 1] ?? 0) << 8) | ((ids[from + 2] ?? 0) << 16) | ((ids[from + 3] ?? 0) << 24);
    const hash = placeHash(this.#seed, key[0] ?? 0, key[1] ?? 0);
    this.#shard = this.#shards[hash >>> 24] ?? this.#shard;
    return hash;
  }
}

/** Reads the slot at a position; false if it is empty. */
function takeState(slots: Uint32Array, at: number, chunk: { -readonly [Key in keyof ChunkState]: ChunkState[Key] }): boolean {
  chunk.container = slots[at + CONTAINER_WORD] ?? 0;
  if (chunk.container === 0) return false;
  const info = slots[at + INFO_WORD] ?? 0;
  chunk.offset = slots[at + OFFSET_WORD] ?? 0;
  chunk.bytes = info & BYTES_MASK;
  chunk.stamp = (info & STAMP_MASK) >>> STAMP_SHIFT;
  chunk.isMarked = (info & MARK_BIT) !== 0;
  return true;
}
