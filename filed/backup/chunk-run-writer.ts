import { sharedBuffer } from "#lib/base/shared-buffer.ts";
import { chunkMethod, FRAME_HEADER_BYTES, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { zstd } from "#lib/codec/zstd.ts";
import { BATCH_BYTES_MAX, BATCH_HEADROOM_BYTES } from "#lib/wire/record.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import { BATCH_BUFFER_BYTES, takeFrom } from "./record-writer.ts";
import type { BatchPlace } from "./record-writer.ts";

/** Collects new chunks as frames into runs, compressed straight into the run. */
export class ChunkRunWriter {
  readonly #place: BatchPlace;
  /** Of compression; undefined: chunks stay as they are. */
  readonly #level: number | undefined;
  readonly #counts: ChunkCounts;
  #bytes = new Uint8Array(0);
  #end = 0;

  constructor(parts: { place: BatchPlace; level: number | undefined; counts: ChunkCounts }) {
    this.#place = parts.place;
    this.#level = parts.level;
    this.#counts = parts.counts;
  }

  /** Adds a chunk. `plain` may be used otherwise afterwards. */
  add(id: Uint8Array, plain: Uint8Array): void {
    const plainBytes = plain.byteLength;
    // Room for the case that it cannot be compressed.
    if (this.#end + FRAME_HEADER_BYTES + plainBytes > this.#bytes.byteLength) this.#begin(FRAME_HEADER_BYTES + plainBytes);
    const start = this.#end;
    const payload = start + FRAME_HEADER_BYTES;
    let storedBytes = 0;
    // One byte less than the chunk has: what does not become shorter is stored as it is.
    if (this.#level !== undefined && plainBytes > 1)
      storedBytes = zstd().compress(this.#bytes.subarray(payload, payload + plainBytes - 1), plain, this.#level);
    const method = storedBytes > 0 ? chunkMethod.zstd : chunkMethod.raw;
    if (storedBytes === 0) {
      this.#bytes.set(plain, payload);
      storedBytes = plainBytes;
    }
    const level = method === chunkMethod.zstd ? (this.#level ?? 0) : 0;
    writeFrameHeader(this.#bytes, start, { method, level, plainBytes, storedBytes }, id);
    this.#end = payload + storedBytes;
    this.#counts.newChunks++;
    this.#counts.newBytes += plainBytes;
    this.#counts.storedBytes += FRAME_HEADER_BYTES + storedBytes;
    // A frame that is longer than runs are goes alone.
    if (this.#bytes.byteLength > BATCH_BUFFER_BYTES) this.flush();
  }

  /** Hands over what there is. */
  flush(): void {
    if (this.#end <= BATCH_HEADROOM_BYTES) return;
    const { batch, rest } = takeFrom(this.#bytes, this.#end);
    const isKept = rest.byteLength === BATCH_BUFFER_BYTES;
    this.#bytes = isKept ? rest : new Uint8Array(0);
    this.#end = isKept ? BATCH_HEADROOM_BYTES : 0;
    this.#place.full(batch);
  }

  /** Begins a run; of its own for a frame that is longer than runs are. */
  #begin(frameBytes: number): void {
    this.flush();
    if (this.#end > 0 && frameBytes <= BATCH_BYTES_MAX) return;
    if (frameBytes > BATCH_BYTES_MAX) this.#bytes = new Uint8Array(BATCH_HEADROOM_BYTES + frameBytes);
    else {
      const buffer = this.#place.reuse?.();
      this.#bytes = new Uint8Array(buffer ?? sharedBuffer(BATCH_BUFFER_BYTES));
    }
    this.#end = BATCH_HEADROOM_BYTES;
  }
}
