import { invariant } from "#lib/base/assert.ts";

/*
 * One shard of the index: a table of 32-byte slots in one Uint32Array, kept sorted by the hashes of the keys, with gaps between: a key lies
 * in the slot that its hash asks for, its home, or as soon after it as there is room. A search ends at the first greater hash, so that
 * a full table is searched as quickly as an empty one. Slots, by word: 0-4 the first 20 bytes of the identity, 5 container (0: the slot is empty), 6 offset,
 * 7 bytes of the frame (24 bits), stamp (7 bits), mark (1 bit).
 */

/** Words of a slot. */
export const SLOT_WORDS = 8;
/** Words of the identity that a slot holds: 20 bytes. */
export const KEY_WORDS = 5;
export const CONTAINER_WORD = 5;
export const OFFSET_WORD = 6;
export const INFO_WORD = 7;

/** A table is made 1.2 times as large when it is fuller than this, so that it never falls under 0.73 by growing. */
const LOAD_MAX = 0.88;
const GROWTH = 1.2;
/** Under this load a table is made smaller, to LOAD_SHRUNK. 32 bytes / 0.7 = 45.7 bytes a chunk. */
const LOAD_MIN = 0.7;
const LOAD_SHRUNK = 0.8;
/** Slots behind the last home: what is pushed over the end goes there. */
const TAIL_SLOTS = 16;
/** Tables of so few slots are not made smaller. */
const SPAN_MIN = 16;
/** The hash that places a key in its shard has 24 bits. */
const HASHES = 0x100_0000;
const PLACE_MASK = HASHES - 1;

/** Numbers that nobody outside this process knows, so that nobody can choose identities that crowd one place of a table. */
export interface IndexSeed {
  readonly first: number;
  readonly second: number;
}

/** Where a key belongs: the upper 8 bits choose the shard, the lower 24 the place in it. */
export function placeHash(seed: IndexSeed, word0: number, word1: number): number {
  let hash = Math.imul(word0 ^ seed.first, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ word1, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13) ^ seed.second, 0xc2b2ae3d);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One table. Positions that its methods take and answer are word numbers of a slot, valid until the table is changed. */
export class IndexShard {
  slots = new Uint32Array(0);
  count = 0;
  readonly #seed: IndexSeed;
  /** Homes: the slots that hashes are spread over. */
  #span = 0;

  constructor(seed: IndexSeed) {
    this.#seed = seed;
  }

  /** Position of a key, or -1. */
  find(key: Uint32Array, hash: number): number {
    if (this.count === 0) return -1;
    const { slots } = this;
    const place = hash & PLACE_MASK;
    const first = key[0];
    for (let at = homeOf(place, this.#span) * SLOT_WORDS; at < slots.length; at += SLOT_WORDS) {
      if (slots[at + CONTAINER_WORD] === 0) return -1;
      if (slots[at] === first && isSame(slots, at, key)) return at;
      if (this.#placeAt(at) > place) return -1;
    }
    return -1;
  }

  /** Makes a slot for a key that is not there; answers its position. The caller fills in the other words, the container at once. */
  insert(key: Uint32Array, hash: number): number {
    if (this.count + 1 > this.#span * LOAD_MAX) this.#rebuild(Math.max(SPAN_MIN, Math.ceil(this.#span * GROWTH)));
    let at = this.#makeRoom(hash);
    while (at < 0) {
      this.#rebuild(Math.ceil(this.#span * GROWTH));
      at = this.#makeRoom(hash);
    }
    this.slots.set(key, at);
    this.count++;
    return at;
  }

  /** Empties the slot at a position. */
  remove(at: number): void {
    const { slots } = this;
    let end = at + SLOT_WORDS;
    while (end < slots.length && slots[end + CONTAINER_WORD] !== 0 && homeOf(this.#placeAt(end), this.#span) * SLOT_WORDS < end)
      end += SLOT_WORDS;
    slots.copyWithin(at, at + SLOT_WORDS, end);
    slots.fill(0, end - SLOT_WORDS, end);
    this.count--;
  }

  /** Gives memory back if the table became too empty. */
  shrink(): void {
    if (this.#span <= SPAN_MIN || this.count >= this.#span * LOAD_MIN) return;
    this.#rebuild(Math.max(SPAN_MIN, Math.ceil(this.count / LOAD_SHRUNK)));
  }

  #placeAt(at: number): number {
    return placeHash(this.#seed, this.slots[at] ?? 0, this.slots[at + 1] ?? 0) & PLACE_MASK;
  }

  /** Pushes what lies behind a hash's place one slot on; the place that became free, or -1 if the end of the table was reached. */
  #makeRoom(hash: number): number {
    const { slots } = this;
    const place = hash & PLACE_MASK;
    let at = homeOf(place, this.#span) * SLOT_WORDS;
    while (at < slots.length && slots[at + CONTAINER_WORD] !== 0 && this.#placeAt(at) <= place) at += SLOT_WORDS;
    let end = at;
    while (end < slots.length && slots[end + CONTAINER_WORD] !== 0) end += SLOT_WORDS;
    if (end >= slots.length) return -1;
    slots.copyWithin(at + SLOT_WORDS, at, end);
    return at;
  }

  /** Spreads the slots over another number of homes, within the table's own memory. */
  #rebuild(span: number): void {
    invariant(span < HASHES, "a shard of the index has fewer than 16,777,216 slots");
    const last = this.#lastPlace(span);
    const slotsAfter = Math.max(span + TAIL_SLOTS, last + 2);
    if (span > this.#span) this.#grow(span, slotsAfter);
    else this.#compress(span, slotsAfter);
    this.#span = span;
  }

  /** The slot that the last key gets with another number of homes; -1 if there is none. */
  #lastPlace(span: number): number {
    const { slots } = this;
    let place = -1;
    for (let at = 0; at < slots.length; at += SLOT_WORDS)
      if (slots[at + CONTAINER_WORD] !== 0) place = Math.max(place + 1, homeOf(this.#placeAt(at), span));
    return place;
  }

  /** All slots go to the upper end, then down to their places one after the other, lowest first: none is overwritten. */
  #grow(span: number, slotsAfter: number): void {
    const oldLength = this.slots.length;
    slotsAfter = Math.max(slotsAfter, oldLength / SLOT_WORDS);
    // `transfer` lets the old memory go at once; waiting for the garbage collector would double what the index takes.
    const slots = (this.slots = new Uint32Array(this.slots.buffer.transfer(slotsAfter * SLOT_WORDS * 4)));
    let top = slots.length;
    for (let at = oldLength - SLOT_WORDS; at >= 0; at -= SLOT_WORDS) {
      if (slots[at + CONTAINER_WORD] === 0) continue;
      top -= SLOT_WORDS;
      moveSlot(slots, at, top);
    }
    this.#spread(span, top);
  }

  /** Fewer homes: no slot's place moves up, so each can go down in turn. */
  #compress(span: number, slotsAfter: number): void {
    this.#spread(span, 0);
    this.slots = new Uint32Array(this.slots.buffer.transfer(slotsAfter * SLOT_WORDS * 4));
  }

  #spread(span: number, from: number): void {
    const { slots } = this;
    let place = -1;
    for (let at = from; at < slots.length; at += SLOT_WORDS) {
      if (slots[at + CONTAINER_WORD] === 0) continue;
      place = Math.max(place + 1, homeOf(this.#placeAt(at), span));
      moveSlot(slots, at, place * SLOT_WORDS);
    }
  }
}

function homeOf(place: number, span: number): number {
  return Math.floor((place * span) / HASHES);
}

function isSame(slots: Uint32Array, at: number, key: Uint32Array): boolean {
  for (let word = 1; word < KEY_WORDS; word++) if (slots[at + word] !== key[word]) return false;
  return true;
}

function moveSlot(slots: Uint32Array, from: number, to: number): void {
  if (from === to) return;
  for (let word = 0; word < SLOT_WORDS; word++) {
    slots[to + word] = slots[from + word] ?? 0;
    slots[from + word] = 0;
  }
}
