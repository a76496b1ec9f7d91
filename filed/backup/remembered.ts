import { OperatorError } from "#lib/errors/operator-error.ts";
import { RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import type { EntryList } from "#filed/walk/entry.ts";

/*
 * What walker, encoders and the remembered layers (filed/remember) hand to each other. Records are remembered as a run in the wire form
 * (lib/wire/record.ts) with FileIndex 0: all records of an entry after its attribute record, i.e. chunk lists, ACLs, extended attributes
 * and digest, in the order in which they were sent.
 */

/** What an earlier job, whose session the store holds, remembers of an entry; attached by the walker. */
export interface RememberedEntry {
  /**
   * The entry is now as it was then (type, dev, ino, size, mtime, ctime): the encoder writes a new attribute record and `records`
   * without opening it. False: it has changed, and `records` only say which chunks of it the store has.
   */
  readonly isUnchanged: boolean;
  readonly records: Uint8Array;
}

/** What a list came to, for the layer that the running job makes; comes in the walker's order, one for each list of the walk. */
export interface SavedList {
  /** The walker's own list. */
  readonly list: EntryList;
  /** 1: the entry was saved as its stat in `list` says and may be taken as unchanged by later jobs; 0: it must be looked at again. */
  readonly reusable: Uint8Array<ArrayBuffer>;
  /** Remembered records of all entries, one after the other; an entry that is not reusable may still have some. */
  readonly records: Uint8Array<ArrayBuffer>;
  /** Where in `records` those of each entry end. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Takes what is to be remembered, list by list in the walker's order. Only called for jobs into a store. */
export interface RememberSink {
  /** The buffers belong to the sink from now on. */
  add(saved: SavedList): void;
}

/** Most bytes of records that are remembered of one entry; a file with more (about 200 GB) is read again by every job. */
export const REMEMBERED_BYTES_MAX = 32 * 1024 * 1024;

/** Age that a ctime must have when a file is read, so that a later change is sure to give it another. Nanoseconds. */
export const STEADY_NS = 2_000_000_000n;

/**
 * Goes over a run of remembered records, which may be longer than a batch. Throws OperatorError BATCH_INVALID for lengths that do not
 * add up. The data are views.
 */
export function* readRemembered(records: Uint8Array): Generator<{ readonly stream: number; readonly data: Uint8Array }, void> {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at < records.byteLength;) {
    const start = at + RECORD_HEADER_BYTES;
    const end = start <= records.byteLength ? start + view.getUint32(at + 8) : Number.POSITIVE_INFINITY;
    if (end > records.byteLength)
      throw new OperatorError("BATCH_INVALID", `remembered records end within the one at byte ${at}`);
    yield { stream: view.getInt32(at + 4), data: records.subarray(start, end) };
    at = end;
  }
}
