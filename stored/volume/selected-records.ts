import { OperatorError } from "#lib/errors/operator-error.ts";
import { walkBlocks } from "./walk-blocks.ts";
import { labelType } from "./format.ts";
import { NameFilter } from "./name-filter.ts";
import { RecordReader } from "./record-reader.ts";
import { type SessionStarts, VolumeSelection } from "./select.ts";
import { readSessionLabel } from "./session-label.ts";
import type { BlockSource, BlockWalk, Damage, ReadBlock } from "./block-reader.ts";
import type { SessionKey } from "./block.ts";
import type { RecordSink, VolumeRecord } from "./record-reader.ts";
import type { SessionEnd, SessionLabel } from "./session-label.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";

/** Something on a Volume that cannot be read. */
export interface VolumeDamage {
  readonly volume: string;
  /** Where it begins. */
  readonly address: number;
  readonly reason: string;
  /** Bytes of Volume that were passed over; undefined: only a record is concerned. */
  readonly bytes: number | undefined;
}

/** Who takes what is read. What is not there is not wanted. */
export interface SelectedSink {
  /** Whether a file's records of this stream are wanted at all; of others no part is kept. */
  wantsStream?(stream: number): boolean;
  /** A record of a file. */
  record(record: VolumeRecord): void;
  /** The label of a session of which something is wanted. */
  sessionLabel?(record: VolumeRecord, label: SessionLabel & { readonly end?: SessionEnd }): void;
  /** A label of the medium: Volume label, end of medium and its like. */
  volumeLabel?(record: VolumeRecord): void;
  damage(damage: VolumeDamage): void;
}

/** One line about a damage, for people. */
export function damageText({ volume, address, reason, bytes }: VolumeDamage): string {
  const passed = bytes === undefined ? "" : `; ${bytes} bytes are passed over`;
  return `Volume "${volume}" at address ${address}: ${reason}${passed}`;
}

/**
 * Reads what a bootstrap selects, Volume after Volume, a block with each call: memory is bounded by the longest record of each session
 * that is being written. Damage is told, never thrown.
 */
export class SelectedRecords implements RecordSink {
  readonly #sink: SelectedSink;
  readonly #records = new RecordReader(this);
  readonly #filters = new Map<string, NameFilter | undefined>();
  readonly #chunkBytes: number | undefined;
  readonly #starts: SessionStarts = new Map();
  #blocks: BlockWalk | undefined;
  #selection: VolumeSelection | undefined;
  #volume = "";
  #spanAt = 0;
  /** Bytes of Volume read. */
  bytesRead = 0;

  /** `chunkBytes`: bytes fetched from the medium in one call. */
  constructor(sink: SelectedSink, chunkBytes?: number) {
    this.#sink = sink;
    this.#chunkBytes = chunkBytes;
  }

  /** Turns to a Volume. Half records of the one before go on here. */
  openVolume(volume: string, source: BlockSource, entries: readonly BootstrapEntry[]): void {
    this.#volume = volume;
    this.#records.volume = volume;
    this.#selection = new VolumeSelection(entries, this.#starts);
    this.#blocks = walkBlocks(source, (damage) => this.#blockDamage(damage), this.#chunkBytes);
    this.#spanAt = 0;
    this.#filters.clear();
    const first = this.#selection.spans?.[0];
    if (first !== undefined) this.#blocks.seek(first.first);
  }

  /** Address of the next block. */
  get address(): number {
    return this.#blocks?.address ?? 0;
  }

  /** JobId under which a session was saved; 0 if that is not known. */
  jobOf(session: SessionKey): number {
    return this.#selection?.jobOf(session) ?? 0;
  }

  /** Takes one block of the Volume, which it answers; undefined when the Volume has nothing more that is wanted. */
  readBlock(): ReadBlock | undefined {
    const blocks = this.#blocks;
    const selection = this.#selection;
    if (blocks === undefined || selection === undefined || selection.isDone) return undefined;
    if (!this.#toSpan(blocks, selection)) return undefined;
    const block = blocks.next();
    if (block === undefined) return undefined;
    this.bytesRead += block.bytes.byteLength;
    const { session } = block.header;
    if (session === undefined || selection.mustSeeStarts || selection.wantsSession(session)) this.#records.accept(block);
    return block;
  }

  /** After the last Volume: half records are damage. */
  end(): void {
    this.#records.end();
  }

  wants(session: SessionKey, fileIndex: number, stream: number): boolean {
    if (fileIndex < 0) return isSessionLabel(fileIndex) || this.#sink.volumeLabel !== undefined;
    if (this.#sink.wantsStream?.(stream) === false) return false;
    return this.#selection?.wantsRecord(session, fileIndex, stream) ?? false;
  }

  record(record: VolumeRecord): void {
    if (record.fileIndex < 0) return this.#label(record);
    const filter = this.#filterOf(record.session);
    if (filter !== undefined && !filter.keeps(record)) return;
    this.#sink.record(record);
  }

  damage(volume: string, address: number, reason: string): void {
    this.#sink.damage({ volume, address, reason, bytes: undefined });
  }

  /** Moves on to the next wanted stretch of addresses when the one at hand is over; false after the last. */
  #toSpan(blocks: BlockWalk, selection: VolumeSelection): boolean {
    const { spans } = selection;
    if (spans === undefined) return true;
    for (;;) {
      const span = spans[this.#spanAt];
      if (span === undefined) return false;
      if (blocks.address <= span.last) {
        if (blocks.address < span.first) blocks.seek(span.first);
        return true;
      }
      this.#spanAt += 1;
    }
  }

  #label(record: VolumeRecord): void {
    if (!isSessionLabel(record.fileIndex)) return this.#sink.volumeLabel?.(record);
    try {
      const isEnd = record.fileIndex === labelType.endOfSession;
      const label = readSessionLabel(record.data, isEnd);
      if (!isEnd) this.#selection?.sessionStarts(record.session, label);
      if (this.#selection?.wantsSession(record.session) === true) this.#sink.sessionLabel?.(record, label);
      if (isEnd) this.#selection?.sessionEnds(record.session);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.damage(this.#volume, record.address, error.message);
    }
  }

  #filterOf(session: SessionKey): NameFilter | undefined {
    const key = `${session.id}:${session.time}`;
    if (!this.#filters.has(key)) {
      const expressions = this.#selection?.nameFilters(session) ?? [];
      this.#filters.set(key, expressions.length === 0 ? undefined : new NameFilter(expressions));
    }
    return this.#filters.get(key);
  }

  #blockDamage({ address, bytes, reason }: Damage): void {
    this.#sink.damage({ volume: this.#volume, address, reason, bytes });
  }
}

function isSessionLabel(fileIndex: number): boolean {
  return fileIndex === labelType.startOfSession || fileIndex === labelType.endOfSession;
}
