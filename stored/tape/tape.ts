import type { AppendOutcome } from "../device/device.ts";

/*
 * What a drive does with the tape that is in it: the commands of a tape drive and nothing else. A tape is a row of files, each ended by a
 * file mark; a file is a row of blocks, each as long as it was written. Files and blocks are counted from 0. Whatever is written makes an
 * end of data behind it: what lay there before is gone.
 */

/** Where the head stands: before block `block` of file `file`. */
export interface TapePosition {
  readonly file: number;
  readonly block: number;
}

/** What was under the head. `bytes` is a view that the next call overwrites. */
export type TapeRead =
  | { readonly kind: "block"; readonly bytes: Uint8Array }
  | { readonly kind: "mark" }
  /** The end of data: nothing was written behind it. */
  | { readonly kind: "end" }
  /** A block that cannot be read; the head stands behind it. */
  | { readonly kind: "bad"; readonly bytes: number; readonly reason: string };

/** A tape in a drive. Calls block; failures are OperatorErrors that name the drive. */
export interface Tape extends Disposable {
  readonly position: TapePosition;
  /** Bytes of all blocks before the head. */
  readonly bytesBefore: number;
  /** Size of the tape; 0: it ends where its disk is full. */
  readonly capacity: number;
  readonly isWriteProtected: boolean;
  read(): TapeRead;
  /**
   * Writes blocks where the head stands. "full" once when the early warning is met; then what still fits, up to the end of the tape.
   * VOLUME_READ_ONLY, DEVICE_IO_FAILED; nothing is left then of the blocks that were not written whole.
   */
  write(blocks: readonly Uint8Array[]): AppendOutcome;
  /** Writes file marks; false if the tape has no room for them. */
  writeMarks(count: number): boolean;
  rewind(): void;
  /** Forward: behind that many file marks; back (below 0): before them. Answers how many were passed: fewer at the ends of the tape. */
  spaceFiles(count: number): number;
  /** Over blocks, forward or back. Stops behind a file mark that is met (back: before it). Answers how many were passed. */
  spaceBlocks(count: number): number;
  /** To the end of data. DEVICE_IO_FAILED when the drive cannot find it so; the tape must then be read through. */
  toEnd(): void;
  /** Forgets everything behind the head. */
  erase(): void;
  startWriteback(): void;
  sync(): Promise<void>;
  /** Makes durable what was written, before it returns. */
  syncNow(): void;
  close(): void;
}
