import { byteStringOf } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import { STREAM_TYPE_MASK, streamKind, streamType } from "#lib/streams/stream-type.ts";
import { soundPath } from "#lib/files/relocate.ts";
import { BATCH_BYTES_MAX, BatchBuilder } from "#lib/wire/record.ts";
import { lsLine } from "./ls-line.ts";
import type { RestoreTree } from "#lib/files/restore-tree.ts";
import type { SessionKey } from "#stored/volume/block.ts";
import type { VolumeRecord } from "#stored/volume/record-reader.ts";
import type { ReadItem } from "#stored/volume/volume-reader.ts";
import type { NameLists } from "./name-lists.ts";
import type { ScanSink } from "./scan-volumes.ts";
import type { StoredChunks } from "./stored-chunks.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** A batch is closed when it has grown to this. */
const BATCH_TARGET_BYTES = 832 * 1024;

/**
 * Bytes that the threads which restore may have in hand. A large file, whose digest takes most of the time, goes to one of them: what comes
 * behind it should reach the others meanwhile.
 */
export const UNDER_WAY_BYTES_MAX = 96 * 1024 * 1024;

/** Shorter batches are copied out of their buffers: of a Volume with many short jobs hundreds wait at once. */
const SMALL_BYTES = 64 * 1024;

/** Sessions of which the file at hand is remembered. */
const SESSIONS_MAX = 4096;

/** What waits for the next turn. */
type Pending = ReadItem | { readonly kind: "border"; readonly session: SessionKey };

export interface ExtractionOptions {
  readonly voice: ToolVoice;
  readonly names: NameLists;
  /** Directory below which files are put. */
  readonly where: string;
  /** Who puts them there; undefined: nobody, everything is only read. */
  readonly tree: RestoreTree | undefined;
  readonly chunks: StoredChunks;
  /** Whether each file is listed. */
  readonly isListed: boolean;
}

/** Hands the records of wanted files from a scan to the threads that restore, and lists the files. */
export class Extraction implements ScanSink {
  readonly #options: ExtractionOptions;
  readonly #root: string;
  /** Shared: the threads that restore read the batches where they are made. As many are kept as those threads may have. */
  readonly #builder = new BatchBuilder({ isShared: true, sparesMax: UNDER_WAY_BYTES_MAX / BATCH_BYTES_MAX });
  #pending: Pending[] = [];
  #hasLists = false;
  #session: SessionKey | undefined;
  /** The file at hand of each session, by its key; `isWanted` false: it was left out by name. */
  readonly #files = new Map<string, { readonly fileIndex: number; readonly isWanted: boolean }>();
  readonly #jobIds = new Map<string, number>();
  #file: { readonly fileIndex: number; readonly isWanted: boolean } | undefined;
  /** Files that are wanted, so far. */
  files = 0;

  constructor(options: ExtractionOptions) {
    this.#options = options;
    this.#root = options.where === "/" ? "" : byteStringOf(options.where);
  }

  record(record: VolumeRecord): void {
    const { fileIndex, stream, data, session } = record;
    if (!isSame(this.#session, session)) this.#switchTo(session);
    if (streamKind(stream).kind === "attributes") this.#begin(record);
    const file = this.#file;
    // Of a file whose attributes lie before where reading began, or are damaged, the name is not known.
    const isWanted = file?.fileIndex === fileIndex ? file.isWanted : this.#options.names.isOpen;
    if (!isWanted || this.#options.tree === undefined) return;
    if ((stream & STREAM_TYPE_MASK) === streamType.chunkList) this.#hasLists = true;
    if (!this.#builder.fits(data.byteLength)) this.#closeBatch();
    this.#builder.append(fileIndex, stream, data);
    if (this.#builder.length >= BATCH_TARGET_BYTES) this.#closeBatch();
  }

  sessionLabel(record: VolumeRecord): void {
    this.#closeBatch();
    this.#pending.push({ kind: "border", session: record.session });
    this.#files.delete(keyOf(record.session));
    // A session label has its JobId in the place of the stream.
    if (this.#jobIds.size >= SESSIONS_MAX) for (const oldest of this.#jobIds.keys().take(1)) this.#jobIds.delete(oldest);
    this.#jobIds.set(keyOf(record.session), record.stream);
    // What follows says anew whose it is.
    this.#session = undefined;
  }

  async turn(): Promise<void> {
    this.#closeBatch();
    const pending = this.#pending;
    this.#pending = [];
    let items: ReadItem[] = [];
    for (const item of pending) {
      if (item.kind !== "border") {
        items.push(item);
        continue;
      }
      await this.#restore(items);
      items = [];
      await this.#border(item.session);
    }
    await this.#restore(items);
  }

  /** A session begins or ends: what was before must be on disk before anything that may replace it. */
  async #border(session: SessionKey): Promise<void> {
    const { tree } = this.#options;
    tree?.session(keyOf(session));
    await tree?.endSession();
  }

  async #restore(items: readonly ReadItem[]): Promise<void> {
    const { tree, chunks, voice } = this.#options;
    if (tree === undefined || items.length === 0) return;
    const free = (buffer: ArrayBuffer): void => void this.#builder.recycle(buffer);
    if (!this.#hasLists || !chunks.isThere) {
      for (const item of items) await give(tree, item, free);
      return;
    }
    const told = { damage: (text: string) => voice.error(text), freed: free };
    for await (const item of chunks.expanded(items, told)) await give(tree, item);
  }

  #begin(record: VolumeRecord): void {
    const isWanted = this.#isWanted(record);
    this.#file = { fileIndex: record.fileIndex, isWanted };
    if (this.#files.size >= SESSIONS_MAX) for (const [oldest] of [...this.#files].slice(0, 1)) this.#files.delete(oldest);
    this.#files.set(keyOf(record.session), this.#file);
  }

  #isWanted(record: VolumeRecord): boolean {
    const { names, voice, isListed } = this.#options;
    try {
      const attributes = decodeAttributes(record.data);
      if (!names.takes(attributes.name)) return false;
      this.files += 1;
      if (isListed) voice.entry(lsLine(attributes, this.#placeOf(attributes.name)));
      return true;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      voice.error(`block at address ${record.address}: FileIndex ${record.fileIndex}: ${error.message}`);
      return false;
    }
  }

  /** Where a file is put, as it is listed; a directory ends in a slash. */
  #placeOf(name: string): string {
    const path = soundPath(name) ?? name;
    return `${this.#root}${path}${name.endsWith("/") && !path.endsWith("/") ? "/" : ""}`;
  }

  #switchTo(session: SessionKey): void {
    this.#closeBatch();
    this.#session = session;
    this.#file = this.#files.get(keyOf(session));
    this.#pending.push({ kind: "session", session, jobId: this.#jobIds.get(keyOf(session)) ?? 0 });
  }

  #closeBatch(): void {
    if (this.#builder.length === 0) return;
    const batch = this.#builder.take();
    const isSmall = batch.byteLength < SMALL_BYTES;
    this.#pending.push({ kind: "batch", batch: isSmall ? Uint8Array.from(batch) : batch });
    if (isSmall) this.#builder.recycle(batch.buffer);
  }
}

/** Hands an item over; `free` gets the buffer of a batch when nobody reads it any more. Without it the batch is copied. */
async function give(tree: RestoreTree, item: ReadItem, free?: (buffer: ArrayBuffer) => void): Promise<void> {
  if (item.kind === "session") tree.session(keyOf(item.session), item.jobId);
  else await tree.add(item.batch, free === undefined ? undefined : () => free(item.batch.buffer));
}

function keyOf({ id, time }: SessionKey): string {
  return `${id}:${time}`;
}

function isSame(a: SessionKey | undefined, b: SessionKey): boolean {
  return a !== undefined && a.id === b.id && a.time === b.time;
}
