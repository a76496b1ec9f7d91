import { closeSync, constants, fstatSync, futimesSync, openSync, readlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { shown } from "#lib/base/byte-string.ts";
import { aclText } from "#lib/platform/acl.ts";
import { LongPaths } from "#lib/platform/long-path.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { ACL_ACCESS, ACL_DEFAULT, getXattr, listXattrs } from "#lib/platform/xattr.ts";
import { attributeBytesMax, putAttributes } from "#lib/streams/attributes.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { encodeXattrs } from "#lib/streams/xattr-record.ts";
import type { Xattr } from "#lib/streams/xattr-record.ts";
import { stripPath } from "#filed/fileset/match.ts";
import { statField } from "#filed/walk/entry.ts";
import type { EntryCursor } from "#filed/walk/entry.ts";
import { DATA_BYTES_MAX, dataStream, FileData } from "./file-data.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { SaveOptions } from "./save-options.ts";

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

const O_NOATIME = constants.O_NOATIME ?? 0;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
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

/** Facts that an attribute record needs, from the walk or from the open file. */
interface Facts {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly blksize: bigint;
  readonly blocks: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

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
  readonly #scratch = new Uint8Array(DATA_BYTES_MAX + 1);
  #noAtime = O_NOATIME;

  constructor(parts: {
    writer: RecordWriter;
    options: readonly SaveOptions[];
    note: SaveNote;
    isCanceled: () => boolean;
    links: LostLinks;
  }) {
    this.#links = parts.links;
    this.#writer = parts.writer;
    this.#options = parts.options;
    this.#note = parts.note;
    this.#isCanceled = parts.isCanceled;
  }

  /** Saves the entry at the cursor. With `isLastTry` a failure is final and said; without, "retry" may be answered. */
  save(cursor: EntryCursor, isLastTry: boolean): SaveResult {
    const isFirstLink = cursor.type !== fileType.hardLink && cursor.stat(statField.nlink) > 1n;
    const result = this.#saveEntry(cursor, isLastTry);
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
      switch (cursor.type) {
        case fileType.regular:
          return this.#saveRegular(cursor, path, options);
        case fileType.fifo:
          return this.#saveFifo(cursor, path, options);
        case fileType.symlink:
          this.#putAttributes(
            cursor,
            path,
            walkedFacts(cursor),
            options,
            readlinkSync(this.#paths.reach(path), { encoding: "latin1" }),
            0,
          );
          break;
        default:
          this.#putAttributes(cursor, path, walkedFacts(cursor), options, cursor.link, 0);
      }
      if (cursor.type !== fileType.hardLink) this.#saveExtras(cursor.fileIndex, path, options, cursor.type);
      if (cursor.type === fileType.emptyRegular) new FileData(this.#writer, options, cursor.fileIndex, this.#scratch).finish();
      return "saved";
    } catch (error) {
      return this.#failed(path, error, isLastTry);
    }
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

  #open(path: string): number {
    const reachable = this.#paths.reach(path);
    if (this.#noAtime !== 0) {
      try {
        return openSync(reachable, OPEN_FLAGS | this.#noAtime);
      } catch (error) {
        // Only the owner and root may ask for O_NOATIME.
        if (systemErrorCode(error) !== "EPERM") throw error;
      }
    }
    return openSync(reachable, OPEN_FLAGS);
  }

  #saveRegular(cursor: EntryCursor, path: string, options: SaveOptions): SaveResult {
    const fd = this.#open(path);
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
      const stream = dataStream(options, hasHoles);
      this.#putAttributes(cursor, path, stat, options, "", stream, fileType.regular);
      const data = new FileData(this.#writer, options, cursor.fileIndex, this.#scratch);
      this.#readData(path, () =>
        hasHoles ? data.saveRuns(fd, size, stream, this.#isCanceled) : data.saveAll(fd, size, stream, this.#isCanceled),
      );
      this.#account(path, data);
      if (options.checkChanges) this.#checkChanges(path, fd, stat);
      if (options.keepAtime) futimesSync(fd, Number(stat.atimeNs) / 1e9, Number(stat.mtimeNs) / 1e9);
      this.#saveExtras(cursor.fileIndex, path, options, cursor.type);
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
      this.#putAttributes(cursor, path, walkedFacts(cursor), options, "", stream);
      const data = new FileData(this.#writer, options, cursor.fileIndex, this.#scratch);
      this.#readData(path, () => data.savePipe(fd, stream, this.#isCanceled));
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
      this.#note(
        "warning",
        `     Read error on file "${shown(path)}": ERR=${systemErrorText(error)}; only its beginning is saved.`,
      );
      this.counts.errors++;
    }
  }

  #account(path: string, data: FileData): void {
    this.counts.readBytes += data.outcome.readBytes;
    this.counts.bytes += data.outcome.storedBytes;
    if (data.outcome.change === "none" || this.#isCanceled()) return;
    this.#note("warning", `     File "${shown(path)}" ${data.outcome.change} while it was being saved.`);
    this.counts.errors++;
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
    this.#note("warning", `     File "${shown(path)}": ${what} changed during backup.`);
    this.counts.errors++;
  }

  #putAttributes(
    cursor: EntryCursor,
    path: string,
    facts: Facts,
    options: SaveOptions,
    link: string,
    stream: number,
    type = cursor.type,
  ): void {
    const isDirectory = type === fileType.directory;
    const saved = options.stripPath > 0 ? stripPath(path, options.stripPath) : path;
    const name = isDirectory && !saved.endsWith("/") ? `${saved}/` : saved;
    const place = this.#writer.reserve(cursor.fileIndex, streamType.attributes, attributeBytesMax(name.length, link.length));
    const bytes = Buffer.from(place.buffer, place.byteOffset, place.byteLength);
    const mtime = floorSeconds(facts.mtimeNs);
    const atime = floorSeconds(facts.atimeNs);
    const uid = Number(facts.uid);
    const gid = Number(facts.gid);
    const end = putAttributes(bytes, 0, {
      fileIndex: cursor.fileIndex,
      type,
      name,
      link,
      stat: {
        dev: facts.dev,
        ino: facts.ino,
        mode: Number(facts.mode),
        nlink: Number(facts.nlink),
        uid,
        gid,
        rdev: facts.rdev,
        size: Number(facts.size),
        blockSize: Number(facts.blksize),
        blocks: Number(facts.blocks),
        atime,
        mtime,
        ctime: floorSeconds(facts.ctimeNs),
        linkFileIndex: cursor.linkFileIndex,
        flags: 0,
        dataStream: stream || dataStream(options, false),
      },
      exact: {
        mtimeNs: Number(facts.mtimeNs - BigInt(mtime) * 1_000_000_000n),
        atimeNs: Number(facts.atimeNs - BigInt(atime) * 1_000_000_000n),
        user: uid === 0 ? "" : this.#names.user(uid),
        group: gid === 0 ? "" : this.#names.group(gid),
      },
    });
    this.#writer.commit(end);
    this.counts.files++;
  }

  /** ACLs and extended attributes; what cannot be read is said and left out. */
  #saveExtras(fileIndex: number, path: string, options: SaveOptions, type: number): void {
    if (!options.withAcl && !options.withXattr) return;
    const reachable = this.#paths.reachable(path);
    const names = listXattrs(reachable);
    if (typeof names === "number") {
      this.#note("warning", `     Extended attributes of "${shown(path)}" cannot be read: ERR=${systemErrorText(names)}`);
      this.counts.errors++;
      return;
    }
    if (names.length === 0) return;
    if (options.withAcl && type !== fileType.symlink) {
      this.#saveAcl(fileIndex, reachable, names, ACL_ACCESS, streamType.linuxAccessAcl);
      if (type === fileType.directory) this.#saveAcl(fileIndex, reachable, names, ACL_DEFAULT, streamType.linuxDefaultAcl);
    }
    if (!options.withXattr) return;
    const attributes: Xattr[] = [];
    for (const name of names) {
      if (name === ACL_ACCESS || name === ACL_DEFAULT) continue;
      const value = getXattr(reachable, name);
      if (value !== undefined) attributes.push({ name, value });
    }
    if (attributes.length === 0) return;
    const data = encodeXattrs(attributes);
    this.#writer.append(fileIndex, streamType.linuxXattr, data);
    this.counts.bytes += data.byteLength;
  }

  #saveAcl(fileIndex: number, path: string, names: readonly string[], name: string, stream: number): void {
    if (!names.includes(name)) return;
    const value = getXattr(path, name);
    const text = value === undefined ? undefined : aclText(value, this.#names);
    if (text === undefined) return;
    this.#writer.append(fileIndex, stream, text);
    this.counts.bytes += text.byteLength;
  }

  [Symbol.dispose](): void {
    this.#paths[Symbol.dispose]();
  }
}

function walkedFacts(cursor: EntryCursor): Facts {
  return {
    dev: cursor.stat(statField.dev),
    ino: cursor.stat(statField.ino),
    mode: cursor.stat(statField.mode),
    nlink: cursor.stat(statField.nlink),
    uid: cursor.stat(statField.uid),
    gid: cursor.stat(statField.gid),
    rdev: cursor.stat(statField.rdev),
    size: cursor.stat(statField.size),
    blksize: cursor.stat(statField.blockSize),
    blocks: cursor.stat(statField.blocks),
    atimeNs: cursor.stat(statField.atimeNs),
    mtimeNs: cursor.stat(statField.mtimeNs),
    ctimeNs: cursor.stat(statField.ctimeNs),
  };
}

function floorSeconds(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(seconds * 1_000_000_000n > ns ? seconds - 1n : seconds);
}
