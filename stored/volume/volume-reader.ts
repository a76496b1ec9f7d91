import { OperatorError } from "#lib/errors/operator-error.ts";
import { BatchBuilder, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { BlockReader } from "./block-reader.ts";
import { labelType } from "./format.ts";
import { NameFilter } from "./name-filter.ts";
import { RecordReader } from "./record-reader.ts";
import { VolumeSelection } from "./select.ts";
import { readSessionLabel } from "./session-label.ts";
import type { BlockSource, Damage } from "./block-reader.ts";
import type { SessionKey } from "./block.ts";
import type { RecordSink, VolumeRecord } from "./record-reader.ts";
import type { BootstrapEntry } from "#proto/bootstrap.ts";

/** What reading gives, in order. */
export type ReadItem =
  /** The records that follow are of this session. */
  | { readonly kind: "session"; readonly session: SessionKey; readonly jobId: number }
  | { readonly kind: "batch"; readonly batch: Uint8Array<ArrayBuffer> };

/** A batch is closed when it has grown to this: large enough to cost nothing per message, small enough to flow. */
const BATCH_TARGET_BYTES = 512 * 1024;

/** Most bytes of Volume that are gone through in one call when nothing wanted is met, so that a cancel is noticed. */
const SKIP_BYTES_MAX = 64 * 1024 * 1024;

/** Most damages that are told one by one. */
const DAMAGES_MAX = 1000;

/**
 * Reads what a bootstrap selects, Volume after Volume, as batches for the wire. Everything is pulled: nothing is read before it is
 * asked for. Damage is collected, never thrown.
 */
export class VolumeReader implements RecordSink {
  readonly #records = new RecordReader(this);
  readonly #builder = new BatchBuilder({ isShared: true });
  readonly #filters = new Map<string, NameFilter | undefined>();
  readonly #chunkBytes: number | undefined;
  #blocks: BlockReader | undefined;
  #selection: VolumeSelection | undefined;
  #volume = "";
  #spanAt = 0;
  #items: ReadItem[] = [];
  #itemBytes = 0;
  #session: SessionKey | undefined;
  #lastFileIndex = 0;
  #damages: string[] = [];
  /** Files of which records were given, bytes of Volume read, damages met. */
  files = 0;
  bytesRead = 0;
  damageCount = 0;

  /** `chunkBytes`: bytes fetched from the medium in one call. */
  constructor(options: { readonly chunkBytes?: number } = {}) {
    this.#chunkBytes = options.chunkBytes;
  }

  /** Takes back the buffer of a batch that nobody uses any more. */
  recycle(buffer: ArrayBuffer): void {
    this.#builder.recycle(buffer);
  }

  /** Turns to a Volume. Half records of the one before go on here. */
  openVolume(volume: string, source: BlockSource, entries: readonly BootstrapEntry[]): void {
    this.#volume = volume;
    this.#records.volume = volume;
    this.#selection = new VolumeSelection(entries);
    this.#blocks = new BlockReader(source, (damage) => this.#blockDamage(damage), this.#chunkBytes);
    this.#spanAt = 0;
    this.#filters.clear();
    const first = this.#selection.spans?.[0];
    if (first !== undefined) this.#blocks.seek(first.first);
  }

  /** Reads on until about `bytes` bytes of batches are there or the Volume has nothing more that is wanted. */
  read(bytes: number): { readonly items: ReadItem[]; readonly isVolumeDone: boolean } {
    let isVolumeDone = false;
    const stop = this.bytesRead + SKIP_BYTES_MAX;
    while (this.#itemBytes < bytes && this.bytesRead < stop && !isVolumeDone) isVolumeDone = !this.#readBlock();
    if (isVolumeDone) this.#closeBatch();
    return { items: this.#takeItems(), isVolumeDone };
  }

  /** After the last Volume: half records are damage. */
  end(): void {
    this.#records.end();
  }

  /** Damages since this was last asked, one line each. */
  takeDamages(): string[] {
    const damages = this.#damages;
    this.#damages = [];
    return damages;
  }

  wants(session: SessionKey, fileIndex: number, stream: number): boolean {
    if (fileIndex < 0) return fileIndex === labelType.startOfSession || fileIndex === labelType.endOfSession;
    return this.#selection?.wantsRecord(session, fileIndex, stream) ?? false;
  }

  record(record: VolumeRecord): void {
    if (record.fileIndex < 0) return this.#label(record);
    const filter = this.#filterOf(record.session);
    if (filter !== undefined && !filter.keeps(record)) return;
    if (!this.#isCurrent(record.session)) this.#switchTo(record.session);
    if (record.fileIndex !== this.#lastFileIndex) {
      this.#lastFileIndex = record.fileIndex;
      this.files += 1;
    }
    if (!this.#builder.fits(record.data.byteLength)) this.#closeBatch();
    this.#builder.append(record.fileIndex, record.stream, record.data);
    if (this.#builder.length >= BATCH_TARGET_BYTES) this.#closeBatch();
  }

  damage(volume: string, address: number, reason: string): void {
    this.#tell(`Volume "${volume}" at address ${address}: ${reason}`);
  }

  /** Takes one block; false when the Volume has nothing more. */
  #readBlock(): boolean {
    const blocks = this.#blocks;
    const selection = this.#selection;
    if (blocks === undefined || selection === undefined || selection.isDone) return false;
    if (!this.#toSpan(blocks, selection)) return false;
    const block = blocks.next();
    if (block === undefined) return false;
    this.bytesRead += block.bytes.byteLength;
    const { session } = block.header;
    if (session === undefined || selection.mustSeeStarts || selection.wantsSession(session)) this.#records.accept(block);
    return true;
  }

  /** Moves on to the next wanted stretch of addresses when the one at hand is over; false after the last. */
  #toSpan(blocks: BlockReader, selection: VolumeSelection): boolean {
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
    try {
      const isEnd = record.fileIndex === labelType.endOfSession;
      const label = readSessionLabel(record.data, isEnd);
      if (isEnd) this.#selection?.sessionEnds(record.session);
      else this.#selection?.sessionStarts(record.session, label.jobId);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.damage(this.#volume, record.address, error.message);
    }
  }

  #isCurrent(session: SessionKey): boolean {
    return this.#session !== undefined && this.#session.id === session.id && this.#session.time === session.time;
  }

  #switchTo(session: SessionKey): void {
    this.#closeBatch();
    this.#session = session;
    this.#lastFileIndex = 0;
    this.#items.push({ kind: "session", session, jobId: this.#selection?.jobOf(session) ?? 0 });
  }

  #filterOf(session: SessionKey): NameFilter | undefined {
    const key = `${session.id}:${session.time}`;
    if (!this.#filters.has(key)) {
      const expressions = this.#selection?.nameFilters(session) ?? [];
      this.#filters.set(key, expressions.length === 0 ? undefined : new NameFilter(expressions));
    }
    return this.#filters.get(key);
  }

  #closeBatch(): void {
    if (this.#builder.length === 0) return;
    const batch = this.#builder.take();
    this.#items.push({ kind: "batch", batch });
    this.#itemBytes += RECORD_HEADER_BYTES + batch.byteLength;
  }

  #takeItems(): ReadItem[] {
    const items = this.#items;
    this.#items = [];
    this.#itemBytes = 0;
    return items;
  }

  #blockDamage(damage: Damage): void {
    this.#tell(
      `Volume "${this.#volume}" at address ${damage.address}: ${damage.reason}; ${damage.bytes} bytes are passed over`,
    );
  }

  #tell(line: string): void {
    this.damageCount += 1;
    if (this.damageCount <= DAMAGES_MAX) this.#damages.push(line);
  }
}
