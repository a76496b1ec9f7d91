import { createHash, hash } from "node:crypto";
import type { Hash } from "node:crypto";
import { closeSync, constants, fstatSync, ftruncateSync, linkSync, lstatSync, openSync, readSync, rmdirSync, symlinkSync, unlinkSync, writeSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { expandRecord, inflateRecord } from "#lib/codec/compression.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { makeNode } from "#lib/platform/special-files.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { decodeAttributes } from "#lib/streams/attributes.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";
import { digestBytes, digestOfStream } from "#lib/streams/digest.ts";
import type { DigestName } from "#lib/streams/digest.ts";
import { fileType, STREAM_TYPE_MASK, streamKind } from "#lib/streams/stream-type.ts";
import { applyAttributes } from "./apply-attributes.ts";
import type { FileAttributes } from "./apply-attributes.ts";
import type { Relocation } from "./relocate.ts";
import { replaces, skipReason } from "./replace-policy.ts";
import type { ReplacePolicy } from "./replace-policy.ts";
import { SafeDirectories } from "./safe-directories.ts";

/** What the restorer has to say: a file that did not come back whole, an attribute that could not be set, a file left alone. */
export type RestoreNote = "error" | "warning" | "skipped" | "info";

export interface FileRestorerOptions {
  readonly relocation: Relocation;
  readonly replace: ReplacePolicy;
  readonly numericIds: boolean;
  /** Absolute symlink targets get the root in front. */
  readonly prefixLinks: boolean;
  readonly note: (kind: RestoreNote, text: string) => void;
}

/** Numbers of what was restored. */
export interface RestoreCounts {
  /** Files, links, nodes and directories made or brought up to date. */
  files: number;
  /** Bytes of data written. */
  bytes: number;
  errors: number;
  /** Left alone because of the replace policy. */
  skipped: number;
}

/** The file at hand. */
interface Current {
  readonly fileIndex: number;
  readonly record: AttributeRecord;
  /** Directory below the root, and the name in it. */
  readonly directory: string;
  readonly base: string;
  /** What is to be done with its records. "ignore": nothing, it failed or is left alone. */
  kind: "regular" | "node" | "directory" | "hardLink" | "ignore";
  fd: number;
  written: number;
  isSparse: boolean;
  accessAcl: Uint8Array | undefined;
  defaultAcl: Uint8Array | undefined;
  xattrs: Uint8Array | undefined;
  firstData: Uint8Array | undefined;
  hash: Hash | undefined;
  hashName: DigestName | undefined;
  isVerified: boolean;
  hasFailed: boolean;
}

interface Deferred {
  readonly directory: string;
  readonly base: string;
  readonly attributes: FileAttributes;
}

const CREATE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const ADDRESS_BYTES = 8;
const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;
const FIRST_WARNINGS = 1;

/**
 * Turns the records of saved files into files. For one thread; calls block. Feed `record` with the records of whole files in order,
 * then call `endFile`, and when all restorers of the job have done so `makeLinks`, `openUnknownDirectories` and `setDirectories`, each when all have done
 * the step before.
 */
export class FileRestorer implements Disposable {
  readonly counts: RestoreCounts = { files: 0, bytes: 0, errors: 0, skipped: 0 };
  readonly #options: FileRestorerOptions;
  readonly #directories: SafeDirectories;
  readonly #names = new OwnerNames();
  readonly #mayChown = process.geteuid?.() === 0;
  readonly #links: Deferred[] = [];
  readonly #late: Deferred[] = [];
  readonly #warned = new Map<string, number>();
  #current: Current | undefined;
  /** The digest that files of this job seem to have, so that it can be taken while writing. */
  #usualDigest: DigestName | undefined;

  constructor(options: FileRestorerOptions) {
    this.#options = options;
    this.#directories = new SafeDirectories(options.relocation.root);
  }

  /** Takes one record. Damage in it concerns only its file: it is said and counted, never thrown. */
  record(fileIndex: number, stream: number, data: Uint8Array): void {
    if (fileIndex <= 0) return;
    try {
      this.#take(fileIndex, stream, data);
    } catch (error) {
      this.#failed(error, stream);
    }
  }

  /** Copies what is still needed of the records given so far, so that their memory may be used for others. */
  letGo(): void {
    const current = this.#current;
    if (current === undefined) return;
    current.accessAcl = current.accessAcl?.slice();
    current.defaultAcl = current.defaultAcl?.slice();
    current.xattrs = current.xattrs?.slice();
    current.firstData = current.firstData?.slice();
  }

  #take(fileIndex: number, stream: number, data: Uint8Array): void {
    const kind = streamKind(stream);
    if (kind.kind === "attributes") {
      this.endFile();
      this.#begin(fileIndex, decodeAttributes(data));
      return;
    }
    const current = this.#current;
    if (current === undefined || current.fileIndex !== fileIndex) {
      if (current !== undefined) this.endFile();
      if (kind.kind !== "foreign") this.#warnOnce("orphan", `a record of file number ${fileIndex} (stream ${stream}) comes without the file's attributes and is ignored`);
      return;
    }
    if (current.kind === "ignore") return;
    switch (kind.kind) {
      case "data":
        this.#data(current, kind, data);
        break;
      case "digest":
        this.#verify(current, digestOfStream(stream & STREAM_TYPE_MASK)!, data);
        break;
      case "acl":
        if (kind.scope === "access") current.accessAcl = data;
        else current.defaultAcl = data;
        break;
      case "xattr":
        current.xattrs = data;
        break;
      case "encrypted":
        throw new OperatorError("DATA_ENCRYPTED", `the data of "${shown(current.record.name)}" is encrypted, and there is no key for it here`);
      case "foreign":
        this.#warnOnce(kind.name, `"${shown(current.record.name)}" and maybe others have a part that cannot be restored on this system and is left out: ${kind.name}`);
        break;
    }
  }

  #begin(fileIndex: number, record: AttributeRecord): void {
    const { relocation } = this.#options;
    const place = relocation.place(record.name);
    if (place === undefined) {
      this.counts.errors++;
      this.#options.note("error", `"${shown(record.name)}" is not restored: its name leads out of the place for it.`);
      return;
    }
    const path = place === "/" ? "" : place;
    const cut = path.lastIndexOf("/");
    const current: Current = {
      fileIndex,
      record,
      directory: cut < 0 ? "" : path.slice(0, cut),
      base: path.slice(cut + 1),
      kind: "ignore",
      fd: -1,
      written: 0,
      isSparse: false,
      accessAcl: undefined,
      defaultAcl: undefined,
      xattrs: undefined,
      firstData: undefined,
      hash: undefined,
      hashName: undefined,
      isVerified: false,
      hasFailed: false,
    };
    this.#current = current;
    this.#create(current, path);
  }

  #create(current: Current, path: string): void {
    const { record } = current;
    switch (record.type) {
      case fileType.directory:
      case fileType.reparsePoint:
      case fileType.junction:
        this.#createDirectory(current, path);
        break;
      case fileType.regular:
      case fileType.emptyRegular:
      case fileType.fifo:
      case fileType.raw:
        current.fd = this.#replacing(current, (entry) => openSync(fsPath(entry), CREATE_FLAGS, 0o600)) ?? -1;
        if (current.fd >= 0) current.kind = "regular";
        break;
      case fileType.hardLink:
        current.kind = "hardLink";
        break;
      case fileType.symlink:
        this.#replacing(current, (entry) => {
          symlinkSync(fsPath(this.#linkTarget(record.link)), fsPath(entry));
          current.kind = "node";
        });
        break;
      case fileType.special:
        this.#createSpecial(current);
        break;
      case fileType.deleted:
      case fileType.base:
      case fileType.restoreFirst:
        break;
      default:
        this.#warnOnce(`type ${record.type}`, `"${shown(record.name)}" and maybe others are of a type that cannot be restored here (${record.type})`);
        this.counts.errors++;
    }
  }

  #createDirectory(current: Current, path: string): void {
    const existed = this.#options.replace !== "always" && this.#exists(current);
    this.#directories.open(path);
    if (existed && !this.#directories.hasMade(path)) {
      this.counts.skipped++;
      return;
    }
    this.#directories.adopted(path);
    current.kind = "directory";
  }

  #exists(current: Current): boolean {
    if (current.base === "") return true;
    try {
      lstatSync(fsPath(this.#entry(current)));
      return true;
    } catch {
      return false;
    }
  }

  #createSpecial(current: Current): void {
    const { stat } = current.record;
    const isFifo = (stat.mode & S_IFMT) === S_IFIFO;
    this.#replacing(current, (entry) => {
      const failed = makeNode(entry, (stat.mode & S_IFMT) | 0o600, isFifo ? 0 : stat.rdev);
      if (failed !== 0) throw Object.assign(new Error(systemErrorText(failed)), { errno: -failed, code: failed === 17 ? "EEXIST" : "EMKNOD" });
      current.kind = "node";
    });
  }

  #linkTarget(target: string): string {
    return this.#options.prefixLinks && target.startsWith("/") ? this.#options.relocation.root + target : target;
  }

  #entry(current: { readonly directory: string; readonly base: string }): string {
    return this.#directories.entry(current.directory, current.base);
  }

  /** Makes a file where nothing is; where something is, asks the policy and removes it first. Undefined: it is left alone. */
  #replacing<T>(current: Current, make: (entry: string) => T): T | undefined {
    const entry = this.#entry(current);
    try {
      return make(entry);
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    const existing = lstatSync(fsPath(entry));
    const { replace } = this.#options;
    if (!replaces(replace, current.record.stat.mtime, Math.floor(existing.mtimeMs / 1000))) {
      this.counts.skipped++;
      this.#options.note("skipped", `${skipReason(replace)}: ${this.#place(current)}`);
      return undefined;
    }
    if (existing.isDirectory()) rmdirSync(fsPath(entry));
    else unlinkSync(fsPath(entry));
    return make(entry);
  }

  #place(current: { readonly directory: string; readonly base: string }): string {
    return shown(`${this.#options.relocation.root}${current.directory}/${current.base}`);
  }

  #data(current: Current, kind: { readonly sparse: boolean; readonly coding: "raw" | "zlib" | "headed" }, data: Uint8Array): void {
    if (current.kind !== "regular") throw new OperatorError("DATA_INVALID", `"${shown(current.record.name)}" is no regular file but has data`);
    let address = current.written;
    let payload = data;
    if (kind.sparse) {
      if (data.byteLength < ADDRESS_BYTES) throw new OperatorError("DATA_INVALID", `a record with an address has only ${data.byteLength} bytes`);
      const view = new DataView(data.buffer, data.byteOffset, ADDRESS_BYTES);
      address = view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
      payload = data.subarray(ADDRESS_BYTES);
      current.isSparse = true;
    }
    if (kind.coding === "zlib") payload = inflateRecord(payload);
    else if (kind.coding === "headed") payload = expandRecord(payload);
    if (!Number.isSafeInteger(address + payload.byteLength)) throw new OperatorError("DATA_INVALID", `an address of ${address} in a file cannot be`);
    this.#hash(current, payload);
    if (!kind.sparse || !isZero(payload)) writeAll(current.fd, payload, kind.sparse ? address : null);
    current.written = kind.sparse ? Math.max(current.written, address + payload.byteLength) : current.written + payload.byteLength;
    this.counts.bytes += payload.byteLength;
  }

  /** A single piece waits for its digest record, which tells the algorithm; longer files guess that of the files before. */
  #hash(current: Current, payload: Uint8Array): void {
    if (current.firstData === undefined && current.hash === undefined) {
      current.firstData = payload;
      return;
    }
    if (this.#usualDigest === undefined) return;
    if (current.hash === undefined && current.firstData !== undefined) {
      current.hashName = this.#usualDigest;
      current.hash = createHash(this.#usualDigest).update(current.firstData);
      current.firstData = EMPTY;
    }
    current.hash?.update(payload);
  }

  #verify(current: Current, name: DigestName, expected: Uint8Array): void {
    this.#usualDigest = name;
    if (current.kind !== "regular" || current.hasFailed) return;
    if (expected.byteLength !== digestBytes(name)) throw new OperatorError("DATA_INVALID", `a ${name} digest of ${expected.byteLength} bytes`);
    const actual = this.#digest(current, name);
    current.isVerified = true;
    if (actual === undefined || Buffer.compare(actual, expected) === 0) return;
    current.hasFailed = true;
    this.counts.errors++;
    this.#options.note("error", `"${this.#place(current)}": the ${name.toUpperCase()} digest of the restored data differs from the one that was saved; the file is damaged.`);
  }

  /** The digest of the data written; undefined if it cannot be had (a sparse file's whose algorithm was not guessed). */
  #digest(current: Current, name: DigestName): Buffer | undefined {
    if (current.hash !== undefined && current.hashName === name) return current.hash.digest();
    if (current.written === 0 || (current.hash === undefined && current.firstData !== undefined && current.firstData.byteLength === current.written && !current.isSparse)) {
      return hash(name, current.firstData ?? EMPTY, "buffer");
    }
    return current.isSparse ? undefined : digestOfFile(current.fd, name);
  }

  /** Ends the file at hand: sets its attributes, or keeps them until all files are there. */
  endFile(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    try {
      this.#finish(current);
    } catch (error) {
      this.#failed(error, 0, current);
    } finally {
      if (current.fd >= 0) closeSync(current.fd);
    }
  }

  #finish(current: Current): void {
    if (current.kind === "ignore") return;
    const deferred = { directory: current.directory, base: current.base, attributes: keep(current) };
    if (current.kind === "hardLink") this.#links.push(deferred);
    else if (current.kind === "directory") this.#late.push(deferred);
    else {
      if (current.kind === "regular") this.#finishData(current);
      this.#apply(deferred, current.kind === "regular" ? current.fd : undefined);
      if (!current.hasFailed) this.counts.files++;
    }
  }

  #finishData(current: Current): void {
    const { size } = current.record.stat;
    if (current.isSparse && size > current.written) {
      ftruncateSync(current.fd, size);
      current.written = size;
    } else if (current.isSparse) ftruncateSync(current.fd, current.written);
    if (current.written === size || current.isVerified || current.hasFailed || current.record.type !== fileType.regular) return;
    current.hasFailed = true;
    this.counts.errors++;
    this.#options.note("error", `File size of restored file "${this.#place(current)}" not correct. Original ${size}, restored ${current.written}.`);
  }

  #apply(deferred: Deferred, fd: number | undefined): void {
    applyAttributes(this.#entry(deferred), fd, deferred.attributes, {
      names: this.#names,
      numericIds: this.#options.numericIds,
      mayChown: this.#mayChown,
      complain: (text) => {
        this.counts.errors++;
        this.#options.note("warning", `"${this.#place(deferred)}": ${text}`);
      },
    });
  }

  /** Makes the hard links, when all files they may point to are there. */
  makeLinks(): void {
    for (const deferred of this.#links) {
      try {
        this.#makeLink(deferred);
      } catch (error) {
        this.counts.errors++;
        this.#options.note("error", `Hard link "${this.#place(deferred)}" -> "${shown(deferred.attributes.record.link)}" cannot be made: ${reason(error)}`);
      }
    }
    this.#links.length = 0;
  }

  #makeLink(deferred: Deferred): void {
    const { record } = deferred.attributes;
    const target = this.#options.relocation.place(record.link);
    if (target === undefined || target === "/") throw new OperatorError("PATH_UNSAFE", "its target leads out of the place for it");
    const cut = target.lastIndexOf("/");
    // The target's directory stays open by a descriptor of its own while that of the new name is looked up.
    const from = openSync(`/proc/self/fd/${this.#directories.open(target.slice(0, cut))}`, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const existing = `/proc/self/fd/${from}/${target.slice(cut + 1)}`;
      const entry = this.#entry(deferred);
      const there = statOf(entry);
      const source = lstatSync(fsPath(existing), { bigint: true });
      if (there !== undefined && there.ino === source.ino && there.dev === source.dev) {
        this.counts.files++;
        return;
      }
      if (there !== undefined) {
        if (!replaces(this.#options.replace, record.stat.mtime, Number(there.mtimeMs / 1000n))) {
          this.counts.skipped++;
          this.#options.note("skipped", `${skipReason(this.#options.replace)}: ${this.#place(deferred)}`);
          return;
        }
        unlinkSync(fsPath(entry));
      }
      linkSync(fsPath(existing), fsPath(entry));
      this.counts.files++;
    } finally {
      closeSync(from);
    }
  }

  /** Gives the usual mode to directories made on the way; before any restorer of the job begins `setDirectories`. */
  openUnknownDirectories(): void {
    this.#directories.openUnknown();
  }

  /** Sets owners, modes and times of the directories, deepest first, when nothing is written into them any more. */
  setDirectories(): void {
    this.#late.sort((a, b) => b.directory.length + b.base.length - a.directory.length - a.base.length);
    for (const deferred of this.#late) {
      try {
        const path = deferred.base === "" ? "" : `${deferred.directory}/${deferred.base}`;
        // A descriptor of its own: looking up the parent may close those that SafeDirectories keeps.
        const fd = openSync(`/proc/self/fd/${this.#directories.open(path)}`, constants.O_RDONLY | constants.O_DIRECTORY);
        try {
          this.#apply(deferred, fd);
        } finally {
          closeSync(fd);
        }
        this.counts.files++;
      } catch (error) {
        this.counts.errors++;
        this.#options.note("error", `"${this.#place(deferred)}": ${reason(error)}`);
      }
    }
    this.#late.length = 0;
  }

  #failed(error: unknown, stream: number, current = this.#current): void {
    this.counts.errors++;
    if (current === undefined) {
      this.#options.note("error", `a record (stream ${stream}) is not restored: ${reason(error)}`);
      return;
    }
    if (current.kind === "regular" && current.written === 0) this.#discard(current);
    const isPartial = current.kind === "regular" && current.written > 0;
    current.hasFailed = true;
    current.kind = "ignore";
    this.#options.note("error", `"${this.#place(current)}" is ${isPartial ? "only partly" : "not"} restored: ${reason(error)}`);
  }

  /** Takes away a file of which nothing came: an empty one in its place would look like the saved one. */
  #discard(current: Current): void {
    try {
      unlinkSync(fsPath(this.#entry(current)));
    } catch {
      // It is gone already, which is as good.
    }
  }

  #warnOnce(key: string, text: string): void {
    const times = (this.#warned.get(key) ?? 0) + 1;
    this.#warned.set(key, times);
    if (times <= FIRST_WARNINGS) this.#options.note("warning", text);
  }

  [Symbol.dispose](): void {
    if (this.#current !== undefined && this.#current.fd >= 0) closeSync(this.#current.fd);
    this.#current = undefined;
    this.#directories[Symbol.dispose]();
  }
}

const EMPTY = new Uint8Array(0);
const zeros = Buffer.alloc(65_536);

function isZero(data: Uint8Array): boolean {
  return data.byteLength <= zeros.length && zeros.compare(data, 0, data.byteLength, 0, data.byteLength) === 0;
}

function writeAll(fd: number, data: Uint8Array, position: number | null): void {
  for (let at = 0; at < data.byteLength; ) at += writeSync(fd, data, at, data.byteLength - at, position === null ? null : position + at);
}

function digestOfFile(fd: number, name: DigestName): Buffer {
  const hasher = createHash(name);
  const piece = Buffer.allocUnsafe(256 * 1024);
  const { size } = fstatSync(fd);
  for (let at = 0; at < size; ) {
    const read = readSync(fd, piece, 0, piece.length, at);
    if (read === 0) break;
    hasher.update(piece.subarray(0, read));
    at += read;
  }
  return hasher.digest();
}

/** Attributes that outlive the batch they came in: the extras are copied. */
function keep(current: Current): FileAttributes {
  const copy = (data: Uint8Array | undefined): Uint8Array | undefined => (data === undefined || current.kind === "regular" ? data : data.slice());
  return { record: current.record, accessAcl: copy(current.accessAcl), defaultAcl: copy(current.defaultAcl), xattrs: copy(current.xattrs) };
}

function statOf(entry: string): BigIntStats | undefined {
  try {
    return lstatBig(entry);
  } catch {
    return undefined;
  }
}

function lstatBig(entry: string): BigIntStats {
  return lstatSync(fsPath(entry), { bigint: true });
}

function reason(error: unknown): string {
  return systemErrorCode(error) === "" ? describeError(error) : `ERR=${systemErrorText(error)}`;
}
