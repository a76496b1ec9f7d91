import type { MemoryStart } from "#filed/remember/memory.ts";
import type { RememberSink } from "./remembered.ts";
import type { EncoderStore } from "./thread-messages.ts";

/** Where batches go, in order; the promise resolves when the next may come. */
export interface BatchSink {
  /** `release` gives the batch's buffer back when nobody needs it any more; it may be called later, or never. */
  send(batch: Uint8Array<ArrayBuffer>, release: () => void): Promise<void>;
}

/** A store of chunks behind the sink. */
export interface ChunkSink {
  /** Which of these chunks (32 bytes each) the store has: a bit each, as AppendReply.known. Answered in order. */
  ask(ids: Uint8Array): Promise<Uint8Array>;
  /** Sends a run of new chunks before any batch that is sent later. */
  sendChunks(run: Uint8Array<ArrayBuffer>, release: () => void): Promise<void>;
}

/** What a job needs to save into a store of chunks. */
export interface SaveStore extends Pick<EncoderStore, "bounds" | "level"> {
  readonly sink: ChunkSink;
  /** Takes what later jobs are to remember. */
  readonly remember?: RememberSink | undefined;
  /** What earlier jobs remember. */
  readonly memory?: MemoryStart | undefined;
}
