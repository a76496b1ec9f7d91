import type { MessagePort } from "node:worker_threads";
import type { CutBounds } from "#lib/chunk/fastcdc.ts";
import type { FileSet } from "#proto/fileset.ts";
import type { EntryList } from "#filed/walk/entry.ts";
import type { WalkCounts, WalkNote } from "#filed/walk/walker.ts";
import type { MemoryStart } from "#filed/remember/memory.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import type { SavedList } from "./remembered.ts";
import type { SaveCounts } from "./save-file.ts";
import type { SaveOptions } from "./save-options.ts";

/** What a walker thread is started with. */
export interface WalkerStart {
  readonly control: SharedArrayBuffer;
  readonly producer: number;
  readonly fileset: FileSet;
  readonly sinceNs: bigint;
  /** The accurate list (previous state of the client), if the job compares with it. */
  readonly accurate: AccurateTable | undefined;
  /** Layers of earlier jobs by which unchanged files need not be read; absent: none. */
  readonly remembered?: MemoryStart | undefined;
  /** From so many bytes on no further file is saved; absent or 0: no limit. */
  readonly bytesMax?: number;
}

/** The accurate list in flat form: `path NUL lstat NUL digest NUL`, one file after the other. */
export interface AccurateTable {
  readonly bytes: readonly Uint8Array[];
  readonly files: number;
}

/** Out of the walker thread. */
export type FromWalker =
  | { readonly kind: "list"; readonly list: EntryList; readonly examined: number }
  | { readonly kind: "note"; readonly note: WalkNote; readonly text: string }
  /** `deleted`: files of the accurate list that are gone, each as `name NUL LStat`. */
  | { readonly kind: "end"; readonly counts: WalkCounts; readonly deleted: readonly string[] }
  | { readonly kind: "failed"; readonly text: string };

/** What an encoder thread is started with. */
export interface EncoderStart {
  readonly control: SharedArrayBuffer;
  readonly producer: number;
  readonly options: readonly SaveOptions[];
  /** Buffers of batches that were sent come back here, to be used again. */
  readonly buffers: MessagePort;
  /** Set if file data goes into a store of chunks. */
  readonly store: EncoderStore | undefined;
}

/** What an encoder must know of the store. */
export interface EncoderStore {
  readonly bounds: CutBounds;
  /** Zstandard level; undefined: chunks are not compressed. */
  readonly level: number | undefined;
  /** Answers to `ask` come here, in order: bits as in AppendReply.known. */
  readonly answers: MessagePort;
  /** Whether lists are to come back with what is to be remembered. */
  readonly isRemembering: boolean;
}

/** Into an encoder thread: a list to save. */
export interface ToEncoder {
  readonly ordinal: number;
  readonly list: EntryList;
  /** What fails now fails for good. */
  readonly isLastTry: boolean;
}

/** An entry that is to be tried again at the end. */
export interface Retry {
  readonly path: string;
  readonly type: number;
  readonly options: number;
}

/** Out of an encoder thread. */
export type FromEncoder =
  | { readonly kind: "batch"; readonly ordinal: number; readonly batch: Uint8Array<ArrayBuffer> }
  /** Identities, 32 bytes each: which of them does the store have? */
  | { readonly kind: "ask"; readonly ids: Uint8Array<ArrayBuffer> }
  /** What became of chunks since this was said last; comes before `done`. */
  | { readonly kind: "counts"; readonly chunks: ChunkCounts }
  /** New chunks: to be sent before any batch that comes later from this thread. */
  | { readonly kind: "chunks"; readonly run: Uint8Array<ArrayBuffer> }
  | { readonly kind: "note"; readonly note: "notSaved" | "warning"; readonly text: string }
  | {
      readonly kind: "done";
      readonly ordinal: number;
      readonly counts: SaveCounts;
      /** What is to be remembered of the list. */
      readonly saved: SavedList | undefined;
      readonly retries: readonly Retry[];
      readonly lastPath: string;
    }
  | { readonly kind: "failed"; readonly text: string };

/** Bytes of finished batches and chunks that one encoder may have waiting to be sent. Chunks need not wait for their turn, as batches do. */
export const ENCODER_BYTES_MAX = { plain: 12 * 1024 * 1024, chunked: 4 * 1024 * 1024 } as const;
/** Lists that an encoder may have: one in hand and one in store; with a store also those whose chunks wait for answers. */
export const ENCODER_LISTS_MAX = { plain: 2, chunked: 6 } as const;
/** Lists that the walker may be ahead of the encoders. */
export const WALKER_LISTS_MAX = 24;
