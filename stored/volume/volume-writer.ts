import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { invariant, must } from "#lib/base/assert.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { sealBlock } from "./block.ts";
import { BLOCK_HEADER_BYTES } from "./format.ts";
import { volumeBytes } from "../device/device.ts";
import type { AppendOutcome, TapeSide } from "../device/device.ts";
import type { FilledBlock } from "./session-blocks.ts";

/** The part of a Medium that is written to. */
export interface BlockSink {
  readonly end: number;
  readonly tape?: TapeSide | undefined;
  append(blocks: readonly Uint8Array[]): AppendOutcome;
}

/** Where a run of one session's blocks lies on the Volume: what a JobMedia row says. */
export interface Region {
  readonly sessionId: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Address of the first byte of its first block, and of the last byte of its last block; on a tape of the two blocks. */
  readonly startAddress: number;
  readonly endAddress: number;
}

/** Limits and kind of the Volumes that are written. Bytes; 0: no limit. */
export interface VolumeWriterOptions {
  readonly checksum: boolean;
  readonly volumeBytesMax: number;
  /** A region ends at the latest after so many bytes of the Volume (Maximum File Size). */
  readonly regionBytesMax: number;
  /** On a tape a file mark is written after so many bytes (Maximum File Size); 0: only where it is left. */
  readonly fileBytesMax?: number;
  /** Error codes that mean the end of the medium, besides those that every driver knows. */
  readonly endCodes?: readonly string[];
  /** Error codes that mean a write-protected medium, besides EROFS, EACCES and EPERM. */
  readonly protectCodes?: readonly string[];
}

/** Why a Volume takes no more: it is full; writing fails; it is write-protected; what stands behind the device (a program) has ended. */
export type EndCause = "full" | "error" | "readOnly" | "gone";

/** What became of the blocks that were to be written. */
export type DrainOutcome =
  | { readonly kind: "written" }
  /** The Volume takes no more; the blocks left wait for the next one. */
  | { readonly kind: "full"; readonly reason: string; readonly cause: EndCause };

/** Most bytes that go to the medium in one call: large enough that the call itself costs nothing, small enough to stay in cache. */
const GATHER_BYTES = 2 * 1024 * 1024;

/** Most buffers of one call; the kernel takes 1024. */
const GATHER_BLOCKS = 1000;

/**
 * Writes the blocks of all sessions to one Volume, in the order in which they were filled, and keeps account of where each session's
 * runs lie. Knows no threads, no catalog and no files.
 */
export class VolumeWriter {
  readonly #options: VolumeWriterOptions;
  readonly #sink: BlockSink;
  /** Called for each block when it is on the medium. */
  readonly #onWritten: (block: FilledBlock) => void;
  readonly #regions = new Map<number, { firstIndex: number; lastIndex: number; startAddress: number; endAddress: number }>();
  #closed: Region[] = [];
  #number: number;
  /** Bytes of the Volume where the runs at hand were begun, and where its last file mark is. */
  #regionFloor: number;
  #fileFloor: number;
  #isFresh: boolean;
  #warnings: string[] = [];
  /** Blocks and bytes written to this Volume since it was opened here. */
  blocks = 0;
  bytes = 0;
  writes = 0;

  constructor(
    sink: BlockSink,
    start: { readonly nextNumber: number; readonly isFresh: boolean },
    options: VolumeWriterOptions,
    onWritten: (block: FilledBlock) => void,
  ) {
    this.#options = options;
    this.#sink = sink;
    this.#onWritten = onWritten;
    this.#number = start.nextNumber;
    this.#isFresh = start.isFresh;
    this.#regionFloor = volumeBytes(sink);
    this.#fileFloor = this.#regionFloor;
  }

  /** Where the next block goes. */
  get address(): number {
    return this.#sink.end;
  }

  /** Number that the next block gets. */
  get nextNumber(): number {
    return this.#number;
  }

  /** Start of the session's run at hand; the present address if none was begun. */
  regionStart(sessionId: number): number {
    return this.#regions.get(sessionId)?.startAddress ?? this.address;
  }

  /** Writes blocks from the front of `pending`, removing what is on the medium. Stops when the Volume is full. */
  drain(pending: FilledBlock[]): DrainOutcome {
    let done = 0;
    let outcome: DrainOutcome = { kind: "written" };
    while (done < pending.length && outcome.kind === "written") {
      const group = this.#nextGroup(pending, done);
      if (group.length === 0) {
        outcome = { kind: "full", reason: `Maximum Volume Bytes of ${this.#options.volumeBytesMax} reached`, cause: "full" };
        break;
      }
      const result = this.#write(group);
      done += result.written;
      outcome = result.outcome;
    }
    pending.splice(0, done);
    return outcome;
  }

  /** Ends the session's run, e.g. because the session ended. */
  closeRegion(sessionId: number): void {
    const region = this.#regions.get(sessionId);
    if (region === undefined) return;
    this.#regions.delete(sessionId);
    if (region.firstIndex > 0) this.#closed.push({ sessionId, ...region });
  }

  /** Ends the runs of all sessions: the Volume is left, or a file boundary was reached. */
  closeRegions(): void {
    for (const sessionId of [...this.#regions.keys()]) this.closeRegion(sessionId);
    this.#regionFloor = volumeBytes(this.#sink);
  }

  /** The runs that have ended since this was last asked. */
  takeClosedRegions(): Region[] {
    const regions = this.#closed;
    this.#closed = [];
    return regions;
  }

  /** What was wrong since this was last asked, and was got over. */
  takeWarnings(): string[] {
    const warnings = this.#warnings;
    this.#warnings = [];
    return warnings;
  }

  /** Forgets the run of a session of which nothing shall be known. */
  dropSession(sessionId: number): void {
    this.#regions.delete(sessionId);
  }

  /** The blocks that go to the medium in one call: bounded by size, by the Volume's limit and by the next region boundary. */
  #nextGroup(pending: readonly FilledBlock[], from: number): FilledBlock[] {
    const group: FilledBlock[] = [];
    const start = volumeBytes(this.#sink);
    let bytes = start;
    const { volumeBytesMax, regionBytesMax } = this.#options;
    for (let at = from; at < pending.length && group.length < GATHER_BLOCKS; at += 1) {
      const block = must(pending[at], "a pending block");
      const end = bytes + block.bytes.byteLength;
      // The first block after a label is always taken: a limit below one block must not use up Volume after Volume.
      const mustTake = this.#isFresh && group.length === 0;
      if (volumeBytesMax > 0 && end > volumeBytesMax && !mustTake) break;
      if (group.length > 0 && end - start > GATHER_BYTES) break;
      group.push(block);
      bytes = end;
      if (regionBytesMax > 0 && bytes - this.#regionFloor >= regionBytesMax) break;
      if (this.#mustEndFile(bytes)) break;
    }
    return group;
  }

  #write(group: readonly FilledBlock[]): { readonly written: number; readonly outcome: DrainOutcome } {
    for (const [index, block] of group.entries()) {
      sealBlock(block.bytes, { number: this.#number + index, session: block.session, checksum: this.#options.checksum });
    }
    const before = { address: this.address, bytes: volumeBytes(this.#sink) };
    const result = this.#appendTwice(group.map((block) => block.bytes));
    const written = result.kind === "written" ? group.length : result.blocks;
    this.#account(group.slice(0, written), before);
    if (result.kind !== "written") return { written, outcome: { kind: "full", reason: result.reason, cause: result.cause } };
    return { written, outcome: this.#endFileIfDue() };
  }

  /** A file mark, where the tape's file has grown to its limit: a run never goes beyond one. */
  #endFileIfDue(): DrainOutcome {
    const bytes = volumeBytes(this.#sink);
    if (!this.#mustEndFile(bytes)) return { kind: "written" };
    this.closeRegions();
    this.#fileFloor = bytes;
    try {
      if (this.#sink.tape?.endFile() === true) return { kind: "written" };
      return { kind: "full", reason: "the tape has no room for a file mark", cause: "full" };
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { kind: "full", reason: describeError(error), cause: endCause(error, this.#options) };
    }
  }

  #mustEndFile(bytes: number): boolean {
    const { fileBytesMax = 0 } = this.#options;
    return this.#sink.tape !== undefined && fileBytesMax > 0 && bytes - this.#fileFloor >= fileBytesMax;
  }

  /**
   * A failing write is tried once more at the same place (each driver has cut off what was written of it); if it fails again the Volume is
   * left at its last good block.
   */
  #appendTwice(
    blocks: readonly Uint8Array[],
  ): { kind: "written" } | { kind: "full"; blocks: number; reason: string; cause: EndCause } {
    let failure = "";
    for (;;) {
      try {
        this.writes += 1;
        const outcome = this.#sink.append(blocks);
        if (failure !== "") this.#warnings.push(`A write failed and was done again at the same place: ${failure}`);
        if (outcome.kind === "written") return outcome;
        return { ...outcome, reason: `the medium is full (${outcome.reason})`, cause: "full" };
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        const cause = endCause(error, this.#options);
        const reason = describeError(error);
        if (cause === "full") return { kind: "full", blocks: 0, reason: `the medium is full (${reason})`, cause };
        if (cause !== "error" || failure !== "") return { kind: "full", blocks: 0, reason, cause };
        failure = reason;
      }
    }
  }

  #account(group: readonly FilledBlock[], start: { readonly address: number; readonly bytes: number }): void {
    let { address, bytes } = start;
    for (const block of group) {
      const end = address + (this.#sink.tape === undefined ? block.bytes.byteLength : 1);
      bytes += block.bytes.byteLength;
      invariant(block.bytes.byteLength > BLOCK_HEADER_BYTES, "a block holds records");
      this.#extendRegion(block, address, end - 1);
      address = end;
      this.#number += 1;
      this.#isFresh = false;
      this.blocks += 1;
      this.bytes += block.bytes.byteLength;
      this.#onWritten(block);
    }
    const { regionBytesMax } = this.#options;
    if (regionBytesMax > 0 && bytes - this.#regionFloor >= regionBytesMax) this.closeRegions();
  }

  #extendRegion(block: FilledBlock, startAddress: number, endAddress: number): void {
    const region = this.#regions.get(block.session.id);
    if (region === undefined) {
      this.#regions.set(block.session.id, {
        firstIndex: block.firstIndex,
        lastIndex: block.lastIndex,
        startAddress,
        endAddress,
      });
      return;
    }
    region.endAddress = endAddress;
    if (region.firstIndex === 0) region.firstIndex = block.firstIndex;
    if (block.lastIndex > 0) region.lastIndex = block.lastIndex;
  }
}

/** Errors of a medium that may be read but not written. */
const readOnlyCodes: ReadonlySet<string> = new Set(["EROFS", "EACCES", "EPERM"]);

/** What a failed write says of the Volume. */
function endCause(
  error: OperatorError,
  { endCodes = [], protectCodes = [] }: { readonly endCodes?: readonly string[]; readonly protectCodes?: readonly string[] },
): EndCause {
  if (error.code === "DEVICE_PROGRAM_FAILED") return "gone";
  const code = systemErrorCode(error.cause);
  if (endCodes.includes(code)) return "full";
  return readOnlyCodes.has(code) || protectCodes.includes(code) ? "readOnly" : "error";
}
