import { closeSync, constants, fstatSync, futimesSync, openSync, readlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { shown } from "#lib/base/byte-string.ts";
import { LongPaths } from "#lib/platform/long-path.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { statField } from "#filed/walk/entry.ts";
import type { EntryCursor } from "#filed/walk/entry.ts";
import { walkedFacts, writeAttributes } from "./attribute-writer.ts";
import type { AttributedEntry, Facts } from "./attribute-writer.ts";
import { ChunkedData } from "./chunked-data.ts";
import type { ChunkTools } from "./chunked-data.ts";
import { DATA_BYTES_MAX, dataStream, FileData } from "./file-data.ts";
import type { FileContent } from "./file-data.ts";
import { FileOpener } from "./file-opener.ts";
import type { RecordWriter } from "./record-writer.ts";
import { knowRemembered, writeRemembered } from "./save-remembered.ts";
import { ExtrasSaver } from "./save-extras.ts";
import type { SaveOptions } from "./save-options.ts";
import { isAsWalked, isOldEnough } from "./steady.ts";

/** Numbers of what was saved. */
export interface SaveCounts {
  /** Entries for which an attribute record was written. */
  files: number;
  /** Bytes of data, ACLs and attributes put into records; what JobBytes counts. */
  bytes: number;
  readBytes: number;
  errors: number;
  /** Entries for which nothing could be written. */
  missing: number;
}

/** How saving one entry went; "retry": nothing was written and trying later may help. */
export type SaveResult = "saved" | "missing" | "retry";

/** What the one who saves files has to say about them. */
export type SaveNote = (kind: "notSaved" | "warning", text: string) => void;

const RETRY_CODES: ReadonlySet<string> = new Set([
  "EBUSY",
  "EAGAIN",
  "ETXTBSY",
  "EIO",
  "ESTALE",
  "EMFILE",
  "ENFILE",
  "EACCES",
  "ETIMEDOUT",
]);
const MASK = 0o170000n;
const REGULAR = 0o100000n;

/** First names of hard-linked files that could not be saved; known to all who save for the job (ThreadControl). */
export interface LostLinks {
  addLost(fileIndex: number): void;
  isLost(fileIndex: number): boolean;
}

/** Saves walked entries one after the other as records. For one thread; calls block. */
export class FileSaver implements Disposable {
  readonly counts: SaveCounts = { files: 0, bytes: 0, readBytes: 0, errors: 0, missing: 0 };
  readonly #writer: RecordWriter;
  readonly #options: readonly SaveOptions[];
  readonly #note: SaveNote;
  readonly #isCanceled: () => boolean;
  readonly #links: LostLinks;
  readonly #names = new OwnerNames();
  readonly #paths = new LongPaths();
  readonly #opener = new FileOpener(this.#paths);
  readonly #scratch = new Uint8Array(DATA_BYTES_MAX + 1);
  readonly #extras: ExtrasSaver;
  readonly #chunks: ChunkTools | undefined;
  #isSteady = false;

  constructor(parts: {
    writer: RecordWriter;
    options: readonly SaveOptions[];
    /** Set if file data goes into a store of chunks. */
    chunks?: ChunkTools | undefined;
    note: SaveNote;
    isCanceled: () => boolean;
    links: LostLinks;
  }) {
    this.#links = parts.links;
    this.#writer = parts.writer;
    this.#options = parts.options;
    this.#note = parts.note;
    this.#isCanceled = parts.isCanceled;
    this.#chunks = parts.chunks;
    this.#extras = new ExtrasSaver({
      writer: parts.writer,
      paths: this.#paths,
      names: this.#names,
      warn: (text) => this.#warn(text),
    });
  }

  /** Whether the entry saved last is what the walk met, and can be told from any later state by its stat. */
  get isSteady(): boolean {
    return this.#isSteady;
  }

  /** Saves the entry at the cursor. With `isLastTry` a failure is final and said; without, "retry" may be answered. */
  save(cursor: EntryCursor, isLastTry: boolean): SaveResult {
    const isFirstLink = cursor.type !== fileType.hardLink && cursor.stat(statField.nlink) > 1n;
    this.#isSteady = isOldEnough(cursor);
    const result = this.#saveEntry(cursor, isLastTry);
    if (result !== "saved") this.#isSteady = false;
    if (result !== "saved" && isFirstLink) this.#links.addLost(cursor.fileIndex);
    return result;
  }

  #saveEntry(cursor: EntryCursor, isLastTry: boolean): SaveResult {
    const options = this.#options[cursor.options]!;
    const path = cursor.path;
    const isRegular = (cursor.stat(statField.mode) & MASK) === REGULAR;
    try {
      // A further name of a file whose first name failed holds the data itself.
      if (cursor.type === fileType.hardLink && isRegular && this.#links.isLost(cursor.linkFileIndex))
        return this.#saveRegular(cursor, path, options);
      if (this.#chunks !== undefined && cursor.remembered !== undefined && cursor.type !== fileType.hardLink) {
        if (cursor.isUnchanged) return this.#saveRemembered(cursor, path, options, this.#chunks, cursor.remembered);
        knowRemembered(cursor.remembered, this.#chunks.stage);
      }
      switch (cursor.type) {
        case fileType.regular:
          return this.#saveRegular(cursor, path, options);
        case fileType.fifo:
          return this.#saveFifo(cursor, path, options);
        default:
          this.#putAttributes(cursor, path, walkedFacts(cursor), options, { link: this.#linkOf(cursor, path) });
      }
      if (cursor.type !== fileType.hardLink) this.#saveExtras(cursor, path, options);
      if (cursor.type === fileType.emptyRegular) this.#plainData(cursor, options, dataStream(options, false)).finish();
      return "saved";
    } catch (error) {
      return this.#failed(path, error, isLastTry);
    }
  }

  #linkOf(cursor: EntryCursor, path: string): string {
    return cursor.type === fileType.symlink ? readlinkSync(this.#paths.reach(path), { encoding: "latin1" }) : cursor.link;
  }

  /** An entry that has not changed since it was saved before: nothing of it is read. */
  #saveRemembered(
    cursor: EntryCursor,
    path: string,
    options: SaveOptions,
    chunks: ChunkTools,
    remembered: Uint8Array,
  ): SaveResult {
    const isRegular = cursor.type === fileType.regular;
    this.#putAttributes(cursor, path, walkedFacts(cursor), options, {
      link: this.#linkOf(cursor, path),
      ...(isRegular ? { stream: streamType.chunkList } : {}),
    });
    this.counts.bytes += writeRemembered(this.#writer, cursor.fileIndex, remembered, chunks.counts);
    if (isRegular) {
      chunks.counts.rememberedFiles++;
      chunks.counts.rememberedBytes += Number(cursor.stat(statField.size));
    }
    this.#isSteady = true;
    return "saved";
  }

  #plainData(cursor: EntryCursor, options: SaveOptions, stream: number): FileData {
    return new FileData({ writer: this.#writer, options, fileIndex: cursor.fileIndex, stream, scratch: this.#scratch });
  }

  #failed(path: string, error: unknown, isLastTry: boolean): SaveResult {
    const code = systemErrorCode(error);
    if (code === "") throw error;
    if (!isLastTry && RETRY_CODES.has(code)) return "retry";
    this.#note("notSaved", `     Could not open "${shown(path)}": ERR=${systemErrorText(error)}`);
    this.counts.errors++;
    this.counts.missing++;
    return "missing";
  }

  #saveRegular(cursor: EntryCursor, path: string, options: SaveOptions): SaveResult {
    const fd = this.#opener.open(path);
    try {
      const stat = fstatSync(fd, { bigint: true });
      if ((stat.mode & MASK) !== REGULAR) {
        this.#note("notSaved", `     "${shown(path)}" was replaced by something that is not a file while it was being saved.`);
        this.counts.errors++;
        this.counts.missing++;
        return "missing";
      }
      const size = Number(stat.size);
      const hasHoles = options.isSparse && stat.blocks * 512n < stat.size;
      const chunks = options.noDedup ? undefined : this.#chunks;
      const stream = chunks === undefined ? dataStream(options, hasHoles) : streamType.chunkList;
      if (!isAsWalked(cursor, stat)) this.#isSteady = false;
      this.#putAttributes(cursor, path, stat, options, { stream, type: fileType.regular });
      const data: FileContent =
        chunks === undefined
          ? this.#plainData(cursor, options, stream)
          : new ChunkedData(this.#writer, options, cursor.fileIndex, chunks);
      this.#readData(path, () =>
        hasHoles ? data.saveRuns(fd, size, this.#isCanceled) : data.saveAll(fd, size, this.#isCanceled),
      );
      this.#account(path, data);
      if (options.checkChanges) this.#checkChanges(path, fd, stat);
      if (options.keepAtime) futimesSync(fd, Number(stat.atimeNs) / 1e9, Number(stat.mtimeNs) / 1e9);
      this.#saveExtras(cursor, path, options);
      data.finish();
      return "saved";
    } finally {
      closeSync(fd);
    }
  }

  #saveFifo(cursor: EntryCursor, path: string, options: SaveOptions): SaveResult {
    // Without O_NONBLOCK: reading a FIFO that the administrator named means waiting for its writer.
    const fd = openSync(this.#paths.reach(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stream = dataStream(options, false);
      this.#putAttributes(cursor, path, walkedFacts(cursor), options, { stream });
      const data = this.#plainData(cursor, options, stream);
      this.#readData(path, () => data.savePipe(fd, this.#isCanceled));
      this.#account(path, data);
      data.finish();
      return "saved";
    } finally {
      closeSync(fd);
    }
  }

  /** A read error in the middle leaves what was read; the records before it are already on their way. */
  #readData(path: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (systemErrorCode(error) === "") throw error;
      this.#warn(`     Read error on file "${shown(path)}": ERR=${systemErrorText(error)}; only its beginning is saved.`);
    }
  }

  #account(path: string, data: FileContent): void {
    this.counts.readBytes += data.outcome.readBytes;
    this.counts.bytes += data.outcome.storedBytes;
    if (data.outcome.change === "none" || this.#isCanceled()) return;
    this.#warn(`     File "${shown(path)}" ${data.outcome.change} while it was being saved.`);
  }

  #checkChanges(path: string, fd: number, before: BigIntStats): void {
    const after = fstatSync(fd, { bigint: true });
    const what =
      after.mtimeNs !== before.mtimeNs
        ? "mtime"
        : after.ctimeNs !== before.ctimeNs
          ? "ctime"
          : after.size !== before.size
            ? "size"
            : undefined;
    if (what === undefined) return;
    this.#warn(`     File "${shown(path)}": ${what} changed during backup.`);
  }

  #putAttributes(
    cursor: EntryCursor,
    path: string,
    facts: Facts,
    options: SaveOptions,
    what: { readonly link?: string; readonly stream?: number; readonly type?: number },
  ): void {
    const entry: AttributedEntry = {
      fileIndex: cursor.fileIndex,
      linkFileIndex: cursor.linkFileIndex,
      type: what.type ?? cursor.type,
      path,
      stripPath: options.stripPath,
      link: what.link ?? "",
      stream: what.stream ?? dataStream(options, false),
    };
    writeAttributes(this.#writer, this.#names, entry, facts);
    this.counts.files++;
  }

  #saveExtras(cursor: EntryCursor, path: string, options: SaveOptions): void {
    const before = this.#extras.bytes;
    this.#extras.save(cursor.fileIndex, path, options, cursor.type);
    this.counts.bytes += this.#extras.bytes - before;
  }

  /** Says what was wrong with a file that is saved all the same. */
  #warn(text: string): void {
    this.#note("warning", text);
    this.counts.errors++;
    this.#isSteady = false;
  }

  [Symbol.dispose](): void {
    this.#paths[Symbol.dispose]();
  }
}
