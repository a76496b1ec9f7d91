import { hash } from "node:crypto";
import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { Cutter } from "#lib/chunk/fastcdc.ts";
import type { CutBounds } from "#lib/chunk/fastcdc.ts";
import type { ChunkRunWriter } from "./chunk-run-writer.ts";
import { KnownChunks } from "./known-chunks.ts";

/** Bytes of a segment, if that is enough for the largest chunk. */
const SEGMENT_BYTES = 2 * 1024 * 1024;
/** A segment of large chunks has room for one more read behind the largest. */
const BEHIND_LARGEST = 2 * 1024 * 1024;
/** Segments of a thread: one is being filled, the others wait for answers. */
const SEGMENTS = 3;
/** Identities asked for at once; the most that the storage daemon takes. */
const ASK_MAX = 4096;

/** Asks the store, for one thread; answers come in the order of the questions. */
export interface ChunkOracle {
  ask(ids: Uint8Array<ArrayBuffer>): void;
  /** The next answer (one bit a chunk, lowest first; 1: the store has it); undefined: it is not there yet. */
  poll(): Uint8Array | undefined;
  /** The same, waiting for it; undefined: the job is canceled. */
  wait(): Uint8Array | undefined;
}

/** File data that has been read, and the chunks in it that the store was asked about. */
class Segment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly starts = new Int32Array(ASK_MAX);
  readonly ends = new Int32Array(ASK_MAX);
  readonly ids = Buffer.allocUnsafeSlow(ASK_MAX * CHUNK_ID_BYTES);
  asked = 0;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
  }

  id(number: number): Buffer {
    return this.ids.subarray(number * CHUNK_ID_BYTES, (number + 1) * CHUNK_ID_BYTES);
  }
}

/**
 * Where file data is read to, cut and digested in place, and from where chunks that the store lacks are compressed. While the store is
 * being asked about one segment the next is filled. For one thread.
 */
export class ChunkStage {
  readonly cutter: Cutter;
  /** Bytes of the segment at hand that are in use. The reader adds to it. */
  filled = 0;
  readonly #runs: ChunkRunWriter;
  readonly #oracle: ChunkOracle;
  readonly #settledOne: () => void;
  readonly #known = new KnownChunks();
  readonly #segmentBytes: number;
  #made = 1;
  #segment: Segment;
  readonly #free: Segment[] = [];
  readonly #underWay: Segment[] = [];
  #settled = 0;

  /** `settled` is called whenever the missing chunks of a segment are with `runs`. */
  constructor(parts: { bounds: CutBounds; runs: ChunkRunWriter; oracle: ChunkOracle; settled: () => void }) {
    this.cutter = new Cutter(parts.bounds);
    this.#runs = parts.runs;
    this.#oracle = parts.oracle;
    this.#settledOne = parts.settled;
    this.#segmentBytes = Math.max(SEGMENT_BYTES, parts.bounds.maxBytes + BEHIND_LARGEST);
    this.#segment = new Segment(this.#segmentBytes);
    this.cutter.lookAt(this.#segment.bytes);
  }

  /** The segment at hand. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#segment.bytes;
  }

  /** Bytes that may still be read into it. */
  get room(): number {
    return this.#segmentBytes - this.filled;
  }

  /** Segments settled so far. What was said when `mark` was as high as this may go out. */
  get settled(): number {
    return this.#settled;
  }

  /** Number of the last segment that holds a chunk of which it is not known whether the store has it. */
  get mark(): number {
    return this.#settled + this.#underWay.length + (this.#segment.asked > 0 ? 1 : 0);
  }

  /** True if no chunk waits for an answer. */
  get isIdle(): boolean {
    return this.mark === this.#settled;
  }

  /** Takes the bytes from `start` to `end` of the segment at hand as a chunk; answers its identity. */
  put(start: number, end: number): Buffer {
    const segment = this.#segment;
    const id = hash("sha256", segment.bytes.subarray(start, end), "buffer");
    if (this.#known.has(id)) return id;
    this.#known.add(id);
    segment.starts[segment.asked] = start;
    segment.ends[segment.asked] = end;
    id.copy(segment.ids, segment.asked * CHUNK_ID_BYTES);
    segment.asked++;
    return id;
  }

  /** The store is known to have this chunk. */
  know(id: Buffer): void {
    this.#known.add(id);
  }

  /** True if the segment at hand takes no further chunk. */
  get isFull(): boolean {
    return this.#segment.asked === ASK_MAX;
  }

  /** Goes on with an empty segment, into which what stands from `keepFrom` on in the one at hand is carried over. */
  turn(keepFrom: number): void {
    const before = this.#segment;
    const filled = this.filled;
    if (before.asked > 0) {
      this.#oracle.ask(new Uint8Array(before.ids.subarray(0, before.asked * CHUNK_ID_BYTES)));
      this.#underWay.push(before);
      this.#segment = this.#next();
      this.cutter.lookAt(this.#segment.bytes);
    }
    this.#segment.bytes.set(before.bytes.subarray(keepFrom, filled));
    this.filled = filled - keepFrom;
  }

  /** Asks about what is in the segment at hand, full or not. Not while a file is being cut. */
  ask(): void {
    if (this.#segment.asked > 0) this.turn(this.filled);
  }

  #next(): Segment {
    this.poll();
    for (;;) {
      const free = this.#free.pop();
      if (free !== undefined) return free;
      if (this.#made < SEGMENTS) {
        this.#made++;
        return new Segment(this.#segmentBytes);
      }
      this.settle();
    }
  }

  /** Deals with the answers that are there. */
  poll(): void {
    for (let known = this.#oracle.poll(); known !== undefined; known = this.#oracle.poll()) this.#settleOldest(known);
  }

  /** Waits for the answer to the oldest question and deals with it. A canceled job's chunks are dropped. */
  settle(): void {
    if (this.#underWay.length > 0) this.#settleOldest(this.#oracle.wait());
  }

  /** Compresses what the store lacks of the oldest segment; `known` undefined: nobody wants it any more. */
  #settleOldest(known: Uint8Array | undefined): void {
    const segment = this.#underWay.shift();
    if (segment === undefined) return;
    for (let chunk = 0; known !== undefined && chunk < segment.asked; chunk++) {
      if (((known[chunk >>> 3]! >>> (chunk & 7)) & 1) === 1) continue;
      this.#runs.add(segment.id(chunk), segment.bytes.subarray(segment.starts[chunk]!, segment.ends[chunk]!));
    }
    segment.asked = 0;
    this.#free.push(segment);
    this.#settled++;
    this.#settledOne();
  }
}
