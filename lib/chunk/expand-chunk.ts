import { hash } from "node:crypto";
import { zstd } from "#lib/codec/zstd.ts";
import { chunkMethod } from "./chunk-frame.ts";
import type { FrameCursor } from "./chunk-frame.ts";

/** What became of expanding a chunk. */
export type ExpandedChunk =
  | { readonly kind: "good"; readonly plain: Uint8Array }
  /** `what` completes a sentence about the chunk, e.g. "its bytes are not those of its identity". */
  | { readonly kind: "damaged"; readonly what: string };

/**
 * Expands the frame at hand into `scratch` (or answers the payload itself if it is raw) and checks it against its identity, the
 * SHA-256 of its bytes. `scratch` holds at least `frame.plainBytes`. Never throws for what the frame holds.
 */
export function expandChunk(frame: FrameCursor, scratch: Uint8Array): ExpandedChunk {
  let plain = frame.payload;
  if (frame.method === chunkMethod.zstd) {
    plain = scratch.subarray(0, frame.plainBytes);
    if (zstd().expand(plain, frame.payload) !== frame.plainBytes)
      return { kind: "damaged", what: "its bytes cannot be expanded" };
  }
  if (Buffer.compare(hash("sha256", plain, "buffer"), frame.id) !== 0)
    return { kind: "damaged", what: "its bytes are not those of its identity" };
  return { kind: "good", plain };
}
