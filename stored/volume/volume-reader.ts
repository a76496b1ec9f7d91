import { BatchBuilder, RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { damageText, SelectedRecords } from "./selected-records.ts";
import type { BlockSource } from "./block-reader.ts";
import type { SessionKey } from "./block.ts";
import type { VolumeRecord } from "./record-reader.ts";
import type { SelectedSink, VolumeDamage } from "./selected-records.ts";
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
export class VolumeReader implements SelectedSink {
  readonly #selected: SelectedRecords;
  readonly #builder: BatchBuilder;
  #items: ReadItem[] = [];
  #itemBytes = 0;
  #session: SessionKey | undefined;
  #lastFileIndex = 0;
  #damages: string[] = [];
  /** Files of which records were given, damages met. */
  files = 0;
  damageCount = 0;

  /** `chunkBytes`: bytes fetched from the medium in one call; `spare`: buffers of batches that came back, to be shared with others. */
  constructor(options: { readonly chunkBytes?: number; readonly spare?: ArrayBuffer[] } = {}) {
    this.#builder = new BatchBuilder({ isShared: true, spare: options.spare ?? [] });
    this.#selected = new SelectedRecords(this, options.chunkBytes);
  }

  /** Bytes of Volume read. */
  get bytesRead(): number {
    return this.#selected.bytesRead;
  }

  /** Takes back the buffer of a batch that nobody uses any more. */
  recycle(buffer: ArrayBuffer): void {
    this.#builder.recycle(buffer);
  }

  /** Turns to a Volume. Half records of the one before go on here. */
  openVolume(volume: string, source: BlockSource, entries: readonly BootstrapEntry[]): void {
    this.#selected.openVolume(volume, source, entries);
  }

  /** Reads on until about `bytes` bytes of batches are there or the Volume has nothing more that is wanted. */
  read(bytes: number): { readonly items: ReadItem[]; readonly isVolumeDone: boolean } {
    let isVolumeDone = false;
    const stop = this.bytesRead + SKIP_BYTES_MAX;
    while (this.#itemBytes < bytes && this.bytesRead < stop && !isVolumeDone)
      isVolumeDone = this.#selected.readBlock() === undefined;
    if (isVolumeDone) this.#closeBatch();
    return { items: this.#takeItems(), isVolumeDone };
  }

  /** After the last Volume: half records are damage. */
  end(): void {
    this.#selected.end();
  }

  /** Damages since this was last asked, one line each. */
  takeDamages(): string[] {
    const damages = this.#damages;
    this.#damages = [];
    return damages;
  }

  record(record: VolumeRecord): void {
    if (!this.#isCurrent(record.session)) this.#switchTo(record.session);
    if (record.fileIndex !== this.#lastFileIndex) {
      this.#lastFileIndex = record.fileIndex;
      this.files += 1;
    }
    if (!this.#builder.fits(record.data.byteLength)) this.#closeBatch();
    this.#builder.append(record.fileIndex, record.stream, record.data);
    if (this.#builder.length >= BATCH_TARGET_BYTES) this.#closeBatch();
  }

  damage(damage: VolumeDamage): void {
    this.damageCount += 1;
    if (this.damageCount <= DAMAGES_MAX) this.#damages.push(damageText(damage));
  }

  #isCurrent(session: SessionKey): boolean {
    return this.#session !== undefined && this.#session.id === session.id && this.#session.time === session.time;
  }

  #switchTo(session: SessionKey): void {
    this.#closeBatch();
    this.#session = session;
    this.#lastFileIndex = 0;
    this.#items.push({ kind: "session", session, jobId: this.#selected.jobOf(session) });
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
}
