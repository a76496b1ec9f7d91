import { OperatorError } from "#lib/errors/operator-error.ts";
import { STREAM_TYPE_MASK, streamType } from "#lib/streams/stream-type.ts";
import { ReferenceWriter } from "../chunks/reference-file-writer.ts";
import { meansFull } from "./disk-file.ts";
import type { BatchCursor } from "#lib/wire/record.ts";
import type { ReferencesOwner } from "../chunks/reference-file.ts";

/** What a session refers to in the store, once it is written down and durable. */
export interface SessionReferences {
  readonly path: string;
  /** Chunks, repeats included, and the bytes of file data that they stand for. */
  readonly references: number;
  readonly plainBytes: number;
}

/** Keeps the lists of chunks that a session's records hold, beside its store. Errors are OperatorErrors. */
export class ReferencesKeeper implements Disposable {
  readonly #writer: ReferenceWriter;

  /** Begins the file. STORE_FULL, DEVICE_IO_FAILED. */
  constructor(path: string, owner: ReferencesOwner) {
    this.#writer = guarded(path, () => ReferenceWriter.create(path, owner));
  }

  /** Adds a list of chunks. CHUNK_LIST_INVALID. */
  add(list: Uint8Array): void {
    guarded(this.#writer.path, () => this.#writer.add(list));
  }

  /** Completes the file, durably. */
  finish(volumes: readonly string[]): SessionReferences {
    const { path } = this.#writer;
    const { references, plainBytes } = guarded(path, () => this.#writer.finish(volumes));
    return { path, references, plainBytes };
  }

  /** Gives the file up, unless it was finished. */
  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }
}

/** Keeps the record at hand if it is a list of chunks. BATCH_INVALID for one where there is no store, and for a chunk: none lies on a Volume. */
export function keepReferences(keeper: ReferencesKeeper | undefined, cursor: BatchCursor): void {
  const stream = cursor.stream & STREAM_TYPE_MASK;
  if (stream !== streamType.chunkList && stream !== streamType.chunkData) return;
  if (keeper === undefined || stream === streamType.chunkData)
    throw new OperatorError("BATCH_INVALID", `a record of stream ${stream} came, which does not belong on this Volume`);
  keeper.add(cursor.data);
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    const code = meansFull(cause) === undefined ? "DEVICE_IO_FAILED" : "STORE_FULL";
    throw new OperatorError(code, `the job's references ${path} cannot be written`, { cause });
  }
}
