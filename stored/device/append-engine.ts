import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import { BatchCursor, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { isCatalogStream, labelType } from "../volume/format.ts";
import { appendDescription } from "../volume/append-description.ts";
import { SessionBlocks } from "../volume/session-blocks.ts";
import { endOfMediumBlock } from "./check-end.ts";
import { AttributeCollector } from "./attribute-collector.ts";
import { ReferencesKeeper, keepReferences } from "./session-references.ts";
import { closeAnyway, finishTape } from "./leave-medium.ts";
import { VolumeWriter } from "../volume/volume-writer.ts";
import { writeSessionLabel } from "../volume/session-label.ts";
import type { SessionReferences } from "./session-references.ts";
import type { Medium } from "./device.ts";
import { newsOf, type VolumeNews } from "./volume-news.ts";
import type { FilledBlock } from "../volume/session-blocks.ts";
import type { AppendCheck } from "./check-end.ts";
import type { EndCause, Region, VolumeWriterOptions } from "../volume/volume-writer.ts";
import type { SessionKey } from "../volume/block.ts";
import type { DescribedLabel, SessionClose } from "../volume/session-label.ts";

/** Facts of the device that concern what is written. Bytes. */
export interface EngineOptions {
  readonly blockBytesMax: number;
  readonly blockBytesMin: number;
  readonly checksum: boolean;
  readonly regionBytesMax: number;
  /** Bytes after which a tape gets a file mark; 0: only where it is left. */
  readonly fileBytesMax?: number;
  /** Error codes that mean the end of the medium, besides those that every driver knows. */
  readonly endCodes?: readonly string[];
  /** Error codes that mean a write-protected medium, besides EROFS, EACCES and EPERM. */
  readonly protectCodes?: readonly string[];
  /** How the end of a Volume is looked at and marked. */
  readonly check?: AppendCheck;
  /** A Volume that cannot be closed without an error counts as good: all that it holds was made durable before. */
  readonly ignoreCloseErrors?: boolean;
}

/** A job that begins to append. */
export interface SessionStart {
  readonly session: SessionKey;
  readonly label: DescribedLabel;
  /** Whether attributes are collected for the catalog. */
  readonly wantsAttributes: boolean;
  /** File to which attributes are spooled until the end of the job; undefined: they are told as soon as their data is written. */
  readonly spoolPath?: string | undefined;
  /** File that lists of chunks are kept in; undefined: the device has no store, and lists are refused. */
  readonly references?: string | undefined;
}

/** How much of a session is on the medium. */
export interface SessionProgress {
  readonly sessionId: number;
  /** Batches of which every byte is on the medium. */
  readonly batches: number;
  readonly files: number;
  readonly bytes: number;
}

/** What has become true since the last report. */
export interface EngineReport {
  readonly progress: SessionProgress[];
  /** Attribute batches whose data is on the medium. */
  readonly attributes: { readonly sessionId: number; readonly batch: Uint8Array<ArrayBuffer> }[];
  readonly regions: Region[];
  /** Sessions whose last block is on the medium; not yet durable. */
  readonly ended: number[];
  /** Facts of the mounted Volume; undefined while none is. */
  readonly volume: VolumeNews | undefined;
  /** The Volume takes no more; blocks wait for the next. */
  readonly full: { readonly reason: string; readonly cause: EndCause } | undefined;
  /** What was wrong and was got over. */
  readonly warnings: readonly string[];
}

/** Full blocks are written at the latest when so many bytes wait. */
const DRAIN_BYTES = 2 * 1024 * 1024;

/** After so many bytes the kernel is asked to begin writing them to the disk, so that the sync at a job's end is short. */
const WRITEBACK_BYTES = 64 * 1024 * 1024;

/** Buffers kept for blocks to come. */
const FREE_BUFFERS_MAX = 128;

interface Session {
  readonly start: SessionStart;
  readonly blocks: SessionBlocks;
  /** Sequence of the session's last block on the medium. */
  written: number;
  /** Batches taken in, with the sequence of the block in which each ends. */
  readonly taken: { readonly batch: number; readonly sequence: number }[];
  batches: number;
  files: number;
  bytes: number;
  lastFileIndex: number;
  /** Undefined when nobody wants them. */
  readonly attributes: AttributeCollector | undefined;
  readonly references: ReferencesKeeper | undefined;
  /** Sequence of the block with the end-of-session label. */
  lastSequence: number | undefined;
}

/** Appends the batches of several jobs to one Volume after another. Runs in the device's thread; every call does its work at once. */
export class AppendEngine {
  readonly #options: EngineOptions;
  readonly #report: (report: EngineReport) => void;
  readonly #sessions = new Map<number, Session>();
  readonly #free: Uint8Array[] = [];
  readonly #pending: FilledBlock[] = [];
  #pendingBytes = 0;
  #writer: VolumeWriter | undefined;
  #medium: Medium | undefined;
  #sinceWriteback = 0;
  #changed = new Set<number>();
  #attributes: { sessionId: number; batch: Uint8Array<ArrayBuffer> }[] = [];
  #ended: number[] = [];
  /** Session of the last block that was written. */
  #lastSession: SessionKey | undefined;
  /** Nothing is written: the Volume is full, or its owner has not said yet that reports about it will be understood. */
  #isHeld = false;

  constructor(options: EngineOptions, report: (report: EngineReport) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** Takes this Volume. Nothing is written before `resume`, so that the owner knows which Volume reports are about. */
  mount(
    medium: Medium,
    start: { readonly nextNumber: number; readonly isFresh: boolean },
    limits: Pick<VolumeWriterOptions, "volumeBytesMax">,
  ): void {
    this.#medium = medium;
    this.#isHeld = true;
    const { checksum, regionBytesMax, fileBytesMax = 0, endCodes = [], protectCodes = [] } = this.#options;
    const options = { checksum, regionBytesMax, fileBytesMax, endCodes, protectCodes, ...limits };
    this.#writer = new VolumeWriter(medium, start, options, (block) => this.#written(block));
  }

  /** Begins to write to the Volume that was mounted: first the blocks that wait. */
  resume(): void {
    this.#isHeld = false;
    this.drain();
  }

  /** Closes the Volume that was mounted last and on which nothing was begun. */
  drop(): void {
    const medium = this.#medium;
    this.#medium = undefined;
    this.#writer = undefined;
    if (medium !== undefined) closeAnyway(medium);
  }

  /** Leaves the Volume: ends all runs on it, makes it durable, closes it. Answers what was wrong and does no harm. */
  async unmount(): Promise<string | undefined> {
    const medium = this.#medium;
    if (medium === undefined) return undefined;
    this.#writer?.closeRegions();
    const isMarked = this.#endMedium(medium);
    const tapeFault = finishTape(medium);
    this.#tell(undefined, isMarked || medium.tape !== undefined);
    this.#medium = undefined;
    this.#writer = undefined;
    try {
      await medium.sync();
    } catch (error) {
      closeAnyway(medium);
      throw error;
    }
    try {
      medium.close();
      return tapeFault;
    } catch (error) {
      if (this.#options.ignoreCloseErrors !== true || !(error instanceof OperatorError)) throw error;
      return describeError(error);
    }
  }

  /** Writes the record that says that nothing follows; false if it is not wanted, or the Volume takes no more. */
  #endMedium(medium: Medium): boolean {
    const session = this.#lastSession;
    if (this.#options.check?.writesEnd !== true || this.#writer === undefined || session === undefined) return false;
    const { checksum } = this.#options;
    try {
      const block = endOfMediumBlock({ number: this.#writer.nextNumber, session, checksum });
      return medium.append([block]).kind === "written";
    } catch {
      return false; // The Volume is left because of what is wrong with it.
    }
  }

  /** Makes what was written so far durable. */
  async sync(): Promise<void> {
    await this.#medium?.sync();
  }

  /** Begins a session with its label. */
  begin(start: SessionStart): void {
    const blocks = new SessionBlocks({
      session: start.session,
      blockBytesMin: this.#options.blockBytesMin,
      takeBuffer: () => this.#free.pop() ?? new Uint8Array(this.#options.blockBytesMax),
      onBlock: (block) => this.#filled(block),
    });
    // First, because it may fail: there is nothing to be given back then.
    const references =
      start.references === undefined
        ? undefined
        : new ReferencesKeeper(start.references, { session: start.session, jobId: start.label.jobId });
    this.#sessions.set(start.session.id, {
      start,
      blocks,
      written: 0,
      taken: [],
      batches: 0,
      files: 0,
      bytes: 0,
      lastFileIndex: 0,
      attributes: start.wantsAttributes ? new AttributeCollector(start.spoolPath) : undefined,
      references,
      lastSequence: undefined,
    });
    const { label } = start;
    blocks.appendLabel(labelType.startOfSession, label.jobId, writeSessionLabel(label));
    appendDescription(blocks, labelType.startOfObject, label.jobId, label.description);
  }

  /** Takes in a batch. BATCH_INVALID when it holds what a client may not send; the session is then to be aborted. */
  append(sessionId: number, number: number, batch: Uint8Array): void {
    const session = this.#session(sessionId);
    const cursor = new BatchCursor(batch);
    while (cursor.next()) this.#record(session, cursor);
    session.batches = number;
    session.taken.push({ batch: number, sequence: session.blocks.lastUsedSequence });
    if (session.attributes?.isRipe === true) session.attributes.close(session.blocks.lastUsedSequence);
    if (this.#pendingBytes >= DRAIN_BYTES) this.drain();
  }

  /** Ends a session: its label, then its last block is written. It is told as ended when that block is on the medium. */
  end(sessionId: number, facts: SessionClose): void {
    const session = this.#session(sessionId);
    if (session.lastSequence !== undefined) return;
    session.attributes?.close(session.blocks.lastUsedSequence);
    session.attributes?.end();
    this.drain();
    const writer = this.#writer;
    const startAddress = writer?.regionStart(sessionId) ?? 0;
    const endAddress = writer?.address ?? 0;
    const data = writeSessionLabel(
      { ...session.start.label, date: facts.date },
      {
        files: session.files,
        bytes: session.bytes,
        startBlock: startAddress % 2 ** 32,
        endBlock: endAddress % 2 ** 32,
        startFile: Math.floor(startAddress / 2 ** 32),
        endFile: Math.floor(endAddress / 2 ** 32),
        errors: facts.errors,
        status: session.attributes?.problem === undefined ? facts.status : "E",
      },
    );
    appendDescription(session.blocks, labelType.endOfObject, session.start.label.jobId, facts.description);
    session.blocks.appendLabel(labelType.endOfSession, session.start.label.jobId, data);
    session.blocks.flush();
    session.lastSequence = session.blocks.sequence - 1;
    this.drain();
  }

  /**
   * Completes what is kept of a session beside its Volume; answers what it refers to, durably, undefined if it has no store. JOB_SPOOL_FAILED,
   * STORE_FULL, DEVICE_IO_FAILED.
   */
  finish(sessionId: number, volumes: readonly string[]): SessionReferences | undefined {
    const { attributes, references } = this.#session(sessionId);
    if (attributes?.problem !== undefined) throw attributes.problem;
    return references?.finish(volumes);
  }

  /** Forgets a session and its blocks that are not on the medium. What is there stays, without an end. */
  abort(sessionId: number): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    this.#sessions.delete(sessionId);
    session.attributes?.end();
    session.references?.[Symbol.dispose]();
    for (let at = this.#pending.length - 1; at >= 0; at -= 1) {
      const block = must(this.#pending[at], "a pending block");
      if (block.session.id !== sessionId) continue;
      this.#pending.splice(at, 1);
      this.#pendingBytes -= block.bytes.byteLength;
    }
    this.#writer?.closeRegion(sessionId);
    this.#tell(undefined);
  }

  /** Writes the blocks that are full. */
  drain(): void {
    const writer = this.#writer;
    if (writer === undefined || this.#isHeld) return;
    const outcome = writer.drain(this.#pending);
    this.#pendingBytes = this.#pending.reduce((sum, block) => sum + block.bytes.byteLength, 0);
    if (outcome.kind === "full") this.#isHeld = true;
    this.#tell(outcome.kind === "full" ? { reason: outcome.reason, cause: outcome.cause } : undefined);
  }

  /** Writes also blocks that are not full, of sessions whose sender may be waiting for an acknowledgement. */
  flush(): void {
    for (const session of this.#sessions.values()) {
      if (session.taken.length > 0) session.blocks.flush();
      session.attributes?.close(session.blocks.lastUsedSequence);
    }
    this.drain();
  }

  #record(session: Session, cursor: BatchCursor): void {
    const { fileIndex, stream } = cursor;
    if (fileIndex <= 0 || stream <= 0 || fileIndex < session.lastFileIndex) {
      throw new OperatorError(
        "BATCH_INVALID",
        `a record with FileIndex ${fileIndex} and stream ${stream} may not follow FileIndex ${session.lastFileIndex}`,
      );
    }
    if (fileIndex !== session.lastFileIndex) {
      session.lastFileIndex = fileIndex;
      session.files += 1;
    }
    keepReferences(session.references, cursor);
    session.bytes += cursor.dataSize;
    session.blocks.append(cursor, cursor.bytes, cursor.start + RECORD_HEADER_BYTES, cursor.end);
    if (isCatalogStream(stream)) session.attributes?.add(cursor, session.blocks.lastUsedSequence);
  }

  #filled(block: FilledBlock): void {
    this.#pending.push(block);
    this.#pendingBytes += block.bytes.byteLength;
  }

  #written(block: FilledBlock): void {
    this.#recycle(block.bytes);
    this.#sinceWriteback += block.bytes.byteLength;
    if (this.#sinceWriteback >= WRITEBACK_BYTES) {
      this.#sinceWriteback = 0;
      this.#medium?.startWriteback();
    }
    this.#lastSession = block.session;
    const session = this.#sessions.get(block.session.id);
    if (session === undefined) return;
    session.written = block.sequence;
    this.#changed.add(block.session.id);
    for (const batch of session.attributes?.release(session.written) ?? [])
      this.#attributes.push({ sessionId: block.session.id, batch });
    if (session.lastSequence === session.written) {
      this.#ended.push(block.session.id);
      this.#writer?.closeRegion(block.session.id);
    }
  }

  #recycle(bytes: Uint8Array): void {
    if (this.#free.length < FREE_BUFFERS_MAX) this.#free.push(new Uint8Array(bytes.buffer, 0, this.#options.blockBytesMax));
  }

  /** Tells what is new, if anything is. */
  #tell(full: EngineReport["full"], isVolumeNews = false): void {
    const writer = this.#writer;
    const progress = [...this.#changed].flatMap((id) => this.#progressOf(id));
    const regions = writer?.takeClosedRegions() ?? [];
    const attributes = this.#attributes;
    const ended = this.#ended;
    const warnings = writer?.takeWarnings() ?? [];
    this.#changed = new Set();
    this.#attributes = [];
    this.#ended = [];
    if (
      progress.length + regions.length + attributes.length + ended.length + warnings.length === 0 &&
      full === undefined &&
      !isVolumeNews
    )
      return;
    const volume = writer === undefined || this.#medium === undefined ? undefined : newsOf(writer, this.#medium);
    this.#report({ progress, attributes, regions, ended, volume, full, warnings });
  }

  #progressOf(sessionId: number): SessionProgress[] {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return [];
    let done = -1;
    while (session.taken[done + 1] !== undefined && must(session.taken[done + 1], "a batch").sequence <= session.written)
      done += 1;
    const last = session.taken[done];
    if (last !== undefined) session.taken.splice(0, done + 1);
    const batches = session.taken[0] === undefined ? session.batches : session.taken[0].batch - 1;
    return [{ sessionId, batches, files: session.files, bytes: session.bytes }];
  }

  #session(sessionId: number): Session {
    return must(this.#sessions.get(sessionId), `session ${sessionId} of the append engine`);
  }
}
