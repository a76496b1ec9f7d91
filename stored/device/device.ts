/*
 * Where blocks go. A Device opens one Volume at a time as a Medium. Both are used by one thread only (the device's worker) and all
 * calls block, because that is the fastest way through the kernel and nobody else waits on this thread.
 *
 * Contract, which conformance.ts checks for every driver:
 * - `append` adds at the end and nowhere else. It writes all blocks, or says "full" with the number of whole blocks that were
 *   written; of a block that did not fit nothing is left on the medium.
 * - What `append` wrote is what `readAt` of the same address gives, also through another Medium opened later.
 * - After `sync` has returned, everything written before it survives a power cut.
 * - `startWriteback` never blocks for long and never fails: it only makes a later `sync` shorter.
 * - Failures are OperatorErrors that name device and Volume.
 */

/** A place that holds Volumes. */
export interface Device {
  readonly name: string;
  /** Bacula's VolType number for the catalog: 1 File, 4 Fifo, 5 VTape, 11 Null. */
  readonly volType: number;
  /** Whether what is written can be read again. */
  readonly keepsData: boolean;
  /** Whether the Volume is there. */
  has(volume: string): boolean;
  /** Opens a Volume. VOLUME_NOT_FOUND, VOLUME_READ_ONLY, DEVICE_OPEN_FAILED. */
  open(volume: string, mode: "read" | "append"): Medium;
  /** Makes a new Volume whose first bytes are `label`, durable on return. VOLUME_EXISTS if it is there. */
  create(volume: string, label: Uint8Array): Medium;
  /** Free and whole space in bytes; undefined if that cannot be said. */
  space(): { readonly free: number; readonly total: number } | undefined;
}

/** What came of an append. */
export type AppendOutcome =
  | { readonly kind: "written" }
  /** The medium took only the first `blocks` blocks. */
  | { readonly kind: "full"; readonly blocks: number; readonly reason: string };

/** A block of a tape. `bytes` is a view that the next call overwrites. */
export type TapeBlock =
  | { readonly kind: "block"; readonly address: number; readonly bytes: Uint8Array }
  | { readonly kind: "bad"; readonly address: number; readonly bytes: number; readonly reason: string };

/** What a Medium is besides when it is a tape. Its addresses are `file * 2^32 + block` then: they count blocks, not bytes. */
export interface TapeSide {
  /** Bytes of all blocks, which on disk is the address of the end. */
  readonly bytes: number;
  /** The first block at or behind an address; undefined at the end of data. */
  readBlock(address: number): TapeBlock | undefined;
  /** Writes a file mark if blocks were written since the last one; false if the tape has no room for it. */
  endFile(): boolean;
  /** Ends the tape before it is left: a file mark, two where the device wants it so. */
  finishTape(): void;
  /** What was wrong and was got over, since this was last asked. */
  takeNotes(): readonly string[];
}

/** One open Volume. */
export interface Medium extends Disposable {
  readonly volume: string;
  /** Address of the end: where the next append goes. On disk the size in bytes. */
  readonly end: number;
  /** Undefined: it is no tape. */
  readonly tape?: TapeSide | undefined;
  /** Reads what is at `address` into `into`; answers the number of bytes, 0 at the end. On a tape one block at most. */
  readAt(into: Uint8Array, address: number): number;
  append(blocks: readonly Uint8Array[]): AppendOutcome;
  /** Replaces the whole content by `label` (recycling, or a pre-label becoming a label), durable on return. */
  relabel(label: Uint8Array): void;
  /** Forgets everything from `address` on. */
  truncate(address: number): void;
  startWriteback(): void;
  sync(): Promise<void>;
  /** Waits for what stands behind a medium that was read to its end; DEVICE_PROGRAM_FAILED if that has ended badly. */
  finish?(): Promise<void>;
  close(): void;
}

/** Size of a Volume in bytes, as the catalog counts them. */
export function volumeBytes(medium: Pick<Medium, "end" | "tape">): number {
  return medium.tape?.bytes ?? medium.end;
}
