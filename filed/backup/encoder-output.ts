import type { FromEncoder } from "./thread-messages.ts";

/** How far a thread's chunks are; see ChunkStage. */
interface Progress {
  readonly mark: number;
  readonly settled: number;
}

interface Held {
  readonly mark: number;
  readonly message: FromEncoder;
  readonly transfer: ArrayBuffer[];
  readonly bytes: number;
}

/**
 * What an encoder says, in order. Batches, and all that comes after them, are held back until the chunks that they name are with the
 * store or on their way.
 */
export class EncoderOutput {
  readonly #post: (message: FromEncoder, transfer: ArrayBuffer[], bytes: number) => void;
  /** Sends the chunks that are ready. */
  readonly #flushChunks: () => void;
  readonly #progress: () => Progress;
  readonly #held: Held[] = [];
  #heldBytes = 0;

  constructor(parts: {
    post: (message: FromEncoder, transfer: ArrayBuffer[], bytes: number) => void;
    flushChunks: () => void;
    progress: () => Progress;
  }) {
    this.#post = parts.post;
    this.#flushChunks = parts.flushChunks;
    this.#progress = parts.progress;
  }

  /** Bytes that are held back. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Says something now, or when its turn comes. `bytes`: of the batch in it. */
  say(message: FromEncoder, transfer: ArrayBuffer[], bytes: number): void {
    this.#held.push({ mark: this.#progress().mark, message, transfer, bytes });
    this.#heldBytes += bytes;
    this.release();
  }

  /** Says what need not be held back any longer. */
  release(): void {
    const { settled } = this.#progress();
    if (this.#held.length === 0 || this.#held[0]!.mark > settled) return;
    this.#flushChunks();
    for (let first = this.#held[0]; first !== undefined && first.mark <= settled; first = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= first.bytes;
      this.#post(first.message, first.transfer, first.bytes);
    }
  }
}
