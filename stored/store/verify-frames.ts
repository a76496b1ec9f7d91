import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Expands chunks to compare them with their identities. For one thread; its memory is that of the longest chunk. */
export class FrameVerifier {
  #scratch = new Uint8Array(0);

  /**
   * Checks a run of frames that came from a client. CHUNK_FRAME_INVALID: its lengths do not add up, or a chunk is longer than
   * `plainBytesMax`. CHUNK_DAMAGED: a checksum is wrong, or the bytes are not those of the identity; names the chunk.
   */
  verify(frames: Uint8Array, plainBytesMax: number): void {
    const frame = new FrameCursor(frames);
    while (frame.next()) {
      if (frame.plainBytes > plainBytesMax)
        throw new OperatorError(
          "CHUNK_FRAME_INVALID",
          `a chunk of ${frame.plainBytes} bytes came; the store takes at most ${plainBytesMax}`,
        );
      if (!frame.isIntact) throw damaged(frame, "the checksum of its frame is wrong");
      if (this.#scratch.byteLength < frame.plainBytes) this.#scratch = new Uint8Array(Math.max(frame.plainBytes, 1024 * 1024));
      const expanded = expandChunk(frame, this.#scratch);
      if (expanded.kind === "damaged") throw damaged(frame, expanded.what);
    }
  }
}

function damaged(frame: FrameCursor, what: string): OperatorError {
  return new OperatorError("CHUNK_DAMAGED", `the file daemon sent chunk ${Buffer.from(frame.id).toString("hex")}: ${what}`);
}
