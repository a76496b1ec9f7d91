import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { invariant } from "#lib/base/assert.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { CHUNK_BYTES_MAX } from "./chunk-frame.ts";

/*
 * Content-defined cutting (docs/formats/cutting.md): FastCDC's gear hash with two thresholds. The hash at a place is made of the 32 bytes
 * before it and of nothing else, so equal content is cut at equal places wherever it stands and whatever was before it.
 */

/** Bounds of chunks, bytes. */
export interface CutBounds {
  readonly minBytes: number;
  readonly averageBytes: number;
  readonly maxBytes: number;
}

/** Bounds of stores that say nothing else. */
export const DEFAULT_CUT_BOUNDS: CutBounds = { minBytes: 65_536, averageBytes: 262_144, maxBytes: 786_432 };

/** Least minimum that is accepted: below it, lists of chunks would be nearly as large as the files. */
const MIN_BYTES_LEAST = 1024;
/** Bytes that a hash is made of: each step shifts it by one of its 32 bits. */
const WINDOW_BYTES = 32;
/** Words of each of the two lanes in which a cut is looked for at once: short, since the lanes with the cut are gone through again. */
const LANE_WORDS = 1024;
/** How much rarer than one in `average` a cut is at first, and how much more frequent later. */
const NORMALIZATION = 4;
/** Share of the average at which cuts become frequent: so that the average is what chunks come to. */
const RARE_SHARE = 3 / 4;

/** One pseudo-random number for each byte: the first four bytes, big-endian, of the SHA-256 of that byte. */
const gear = Int32Array.from({ length: 256 }, (_, byte) =>
  createHash("sha256").update(Uint8Array.of(byte)).digest().readInt32BE(0),
);

/** Why these bounds cannot be used; undefined if they can. */
export function cutBoundsProblem({ minBytes, averageBytes, maxBytes }: CutBounds): string | undefined {
  if (![minBytes, averageBytes, maxBytes].every(Number.isSafeInteger)) return "the bounds are not whole numbers";
  if (minBytes < MIN_BYTES_LEAST) return `the minimum is ${minBytes} bytes; ${MIN_BYTES_LEAST} is the least`;
  if (averageBytes < minBytes || maxBytes < averageBytes) return "minimum, average and maximum are not in this order";
  if (maxBytes > CHUNK_BYTES_MAX) return `the maximum is ${maxBytes} bytes; ${CHUNK_BYTES_MAX} is the most`;
  return undefined;
}

/** Finds where chunks end in a buffer. For one thread. */
export class Cutter implements CutBounds {
  readonly minBytes: number;
  readonly averageBytes: number;
  readonly maxBytes: number;
  /** Bytes of a chunk at which cuts become frequent. */
  readonly #frequentFrom: number;
  /** A hash below it (as a signed number) is a cut. */
  readonly #rareLimit: number;
  readonly #frequentLimit: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Int32Array = new Int32Array(0);

  /** Throws OperatorError CHUNK_BOUNDS_INVALID for bounds that no store should ask for. */
  constructor(bounds: CutBounds) {
    invariant(endianness() === "LE", "chunks are cut on little-endian machines only");
    const problem = cutBoundsProblem(bounds);
    if (problem !== undefined) throw new OperatorError("CHUNK_BOUNDS_INVALID", `chunks cannot be cut so: ${problem}`);
    this.minBytes = bounds.minBytes;
    this.averageBytes = bounds.averageBytes;
    this.maxBytes = bounds.maxBytes;
    this.#frequentFrom = Math.max(bounds.minBytes, Math.floor(bounds.averageBytes * RARE_SHARE));
    this.#rareLimit = limitOf(bounds.averageBytes * NORMALIZATION);
    this.#frequentLimit = limitOf(bounds.averageBytes / NORMALIZATION);
  }

  /** The buffer that `end` looks at from now on. It begins at a multiple of 4 in its ArrayBuffer. */
  lookAt(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  }

  /** Where the chunk that starts at `start` ends, if the content ends at `end`: at `end` if it is not cut before. */
  end(start: number, end: number): number {
    if (end - start <= this.minBytes) return end;
    const from = start + this.minBytes;
    const middle = Math.min(end, start + this.#frequentFrom);
    const rare = this.#find(from, middle, this.#rareLimit);
    if (rare < middle) return rare;
    const last = Math.min(end, start + this.maxBytes);
    return this.#find(middle, last, this.#frequentLimit);
  }

  /** The first place from `from` up to but not including `to` whose hash is below the limit; `to` if there is none. */
  #find(from: number, to: number, limit: number): number {
    const words = this.#words;
    const aligned = Math.min(to, (from + 3) & ~3);
    const early = this.#findByByte(from, aligned, limit);
    if (early < aligned || aligned === to) return early;
    let at = aligned >>> 2;
    const stop = to >>> 2;
    while (at + 2 * LANE_WORDS <= stop && !isInLanes(words, at, limit)) at += 2 * LANE_WORDS;
    const found = findInWords(words, at, stop, limit);
    return found < 4 * stop ? found : this.#findByByte(4 * stop, to, limit);
  }

  /** The same for a few bytes. */
  #findByByte(from: number, to: number, limit: number): number {
    const bytes = this.#bytes;
    let hash = 0;
    // The hash at `from` is that of the bytes before it.
    for (let at = from - WINDOW_BYTES; at < from; at++) hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
    for (let at = from; at < to; at++) {
      if (hash < limit) return at;
      hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
    }
    return to;
  }
}

/** The hash of place 4 * at. */
function hashAt(words: Int32Array, at: number): number {
  let hash = 0;
  for (let back = at - WINDOW_BYTES / 4; back < at; back++) {
    const word = words[back]!;
    hash = ((hash << 1) + gear[word & 255]!) | 0;
    hash = ((hash << 1) + gear[(word >>> 8) & 255]!) | 0;
    hash = ((hash << 1) + gear[(word >>> 16) & 255]!) | 0;
    hash = ((hash << 1) + gear[word >>> 24]!) | 0;
  }
  return hash;
}

/**
 * Whether a hash below the limit is in the two lanes of LANE_WORDS from `from` on. Each step of a hash waits for the one before; two that do
 * not wait for each other take hardly longer than one. (Three lanes gain little more, and larger tables and masks in place of comparisons lose.)
 */
function isInLanes(words: Int32Array, from: number, limit: number): boolean {
  let h = hashAt(words, from);
  let k = hashAt(words, from + LANE_WORDS);
  for (let at = from; at < from + LANE_WORDS; at++) {
    const word = words[at]!;
    const other = words[at + LANE_WORDS]!;
    if (h < limit || k < limit) return true;
    h = ((h << 1) + gear[word & 255]!) | 0;
    k = ((k << 1) + gear[other & 255]!) | 0;
    if (h < limit || k < limit) return true;
    h = ((h << 1) + gear[(word >>> 8) & 255]!) | 0;
    k = ((k << 1) + gear[(other >>> 8) & 255]!) | 0;
    if (h < limit || k < limit) return true;
    h = ((h << 1) + gear[(word >>> 16) & 255]!) | 0;
    k = ((k << 1) + gear[(other >>> 16) & 255]!) | 0;
    if (h < limit || k < limit) return true;
    h = ((h << 1) + gear[word >>> 24]!) | 0;
    k = ((k << 1) + gear[other >>> 24]!) | 0;
  }
  return false;
}

/** The first place from 4 * from on whose hash is below the limit; 4 * to if there is none. Four bytes a load. */
function findInWords(words: Int32Array, from: number, to: number, limit: number): number {
  let h = hashAt(words, from);
  for (let at = from; at < to; at++) {
    const word = words[at]!;
    if (h < limit) return 4 * at;
    h = ((h << 1) + gear[word & 255]!) | 0;
    if (h < limit) return 4 * at + 1;
    h = ((h << 1) + gear[(word >>> 8) & 255]!) | 0;
    if (h < limit) return 4 * at + 2;
    h = ((h << 1) + gear[(word >>> 16) & 255]!) | 0;
    if (h < limit) return 4 * at + 3;
    h = ((h << 1) + gear[word >>> 24]!) | 0;
  }
  return 4 * to;
}

/** The signed number below which one hash in `mean` is. A whole number to V8 too: hashes would be compared as doubles, which takes half as long again. */
function limitOf(mean: number): number {
  return (Math.floor(2 ** 32 / mean) - 2 ** 31) | 0;
}
