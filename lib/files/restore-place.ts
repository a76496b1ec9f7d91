import { closeSync, constants, linkSync, lstatSync, openSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { fsPath, shown } from "#lib/base/byte-string.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { OwnerNames } from "#lib/platform/owner-names.ts";
import { makeNode } from "#lib/platform/special-files.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import type { KeyRing } from "#lib/pki/key-ring.ts";
import type { AttributeRecord } from "#lib/streams/attributes.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import { ownerOf } from "./apply-attributes.ts";
import type { FileAttributes } from "./apply-attributes.ts";
import type { DataDigest } from "./data-digest.ts";
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
  /** Do not compare data with its digests, which takes most of the processor's time. Chunks are always compared. */
  readonly ignoresDigests?: boolean | undefined;
  /** What opens encrypted data and checks signatures. */
  readonly keys?: KeyRing | undefined;
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
export interface CurrentFile {
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
  readonly digest: DataDigest;
  isVerified: boolean;
  hasFailed: boolean;
  /** Owner and mode are right since the file was made. */
  isOwned: boolean;
  hasMode: boolean;
}

/** A file whose last step comes when all others are there. */
export interface DeferredFile {
  readonly directory: string;
  readonly base: string;
  readonly attributes: FileAttributes;
}

/** A name in a directory below the root of the restore. */
interface Entry {
  readonly directory: string;
  readonly base: string;
}

const CREATE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const PERMISSIONS = 0o7777;
/** setuid, setgid and sticky: only for what is whole. */
const SPECIAL_BITS = 0o7000;
const MODE_WHILE_WRITING = 0o600;
const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;
const EEXIST = 17;

/** Where a restore makes its files: creates them below the root, safely and as the replace policy says. */
export class RestorePlace implements Disposable {
  readonly directories: SafeDirectories;
  readonly #options: FileRestorerOptions;
  readonly #counts: RestoreCounts;

  readonly #names: OwnerNames;
  readonly #umask = process.umask();
  readonly #uid = process.geteuid?.();
  readonly #gid = process.getegid?.();

  constructor(options: FileRestorerOptions, counts: RestoreCounts, names = new OwnerNames()) {
    this.#options = options;
    this.#counts = counts;
    this.#names = names;
    this.directories = new SafeDirectories(options.relocation.root);
  }

  /**
   * Makes the file of an attribute record, without data or attributes yet, and sets `kind` and `fd`; `path` is its place below the root.
   * Answers what cannot be made here, in words.
   */
  create(current: CurrentFile, path: string): string | undefined {
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
        this.#createRegular(current);
        break;
      case fileType.hardLink:
        current.kind = "hardLink";
        break;
      case fileType.symlink:
        this.#replacing(current, (entry) => {
          current.isOwned = this.#isOwned(current);
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
        return `type ${record.type}`;
    }
    return undefined;
  }

  /** Where nobody else can look, a file gets its owner and mode by being made, which saves two system calls a file. */
  #createRegular(current: CurrentFile): void {
    const permissions = current.record.stat.mode & PERMISSIONS;
    const fd = this.#replacing(current, (entry) => {
      const isPrivate = this.directories.isPrivate(current.directory);
      current.isOwned = isPrivate && this.#isOurs(current);
      current.hasMode = isPrivate && (permissions & (this.#umask | SPECIAL_BITS)) === 0;
      return openSync(fsPath(entry), CREATE_FLAGS, current.hasMode ? permissions : MODE_WHILE_WRITING);
    });
    if (fd === undefined) return;
    current.fd = fd;
    current.kind = "regular";
  }

  #isOwned(current: CurrentFile): boolean {
    return this.directories.isPrivate(current.directory) && this.#isOurs(current);
  }

  #isOurs(current: CurrentFile): boolean {
    const { uid, gid } = ownerOf(current.record, { names: this.#names, numericIds: this.#options.numericIds });
    return uid === this.#uid && gid === this.#gid;
  }

  #createDirectory(current: CurrentFile, path: string): void {
    const existed = this.#options.replace !== "always" && this.#exists(current);
    this.directories.open(path);
    if (existed && !this.directories.hasMade(path)) {
      this.#counts.skipped++;
      return;
    }
    this.directories.adopted(path);
    current.kind = "directory";
  }

  #exists(current: CurrentFile): boolean {
    if (current.base === "") return true;
    try {
      lstatSync(fsPath(this.entry(current)));
      return true;
    } catch {
      return false;
    }
  }

  #createSpecial(current: CurrentFile): void {
    const { stat } = current.record;
    const isFifo = (stat.mode & S_IFMT) === S_IFIFO;
    this.#replacing(current, (entry) => {
      const failed = makeNode(entry, (stat.mode & S_IFMT) | 0o600, isFifo ? 0 : stat.rdev);
      if (failed !== 0)
        throw Object.assign(new Error(systemErrorText(failed)), {
          errno: -failed,
          code: failed === EEXIST ? "EEXIST" : "EMKNOD",
        });
      current.kind = "node";
    });
  }

  #linkTarget(target: string): string {
    return this.#options.prefixLinks && target.startsWith("/") ? this.#options.relocation.root + target : target;
  }

  /** The name as one system call takes it; see SafeDirectories.entry. */
  entry(current: Entry): string {
    return this.directories.entry(current.directory, current.base);
  }

  /** Makes a file where nothing is; where something is, asks the policy and removes it first. Undefined: it is left alone. */
  #replacing<T>(current: CurrentFile, make: (entry: string) => T): T | undefined {
    const entry = this.entry(current);
    try {
      return make(entry);
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    const existing = lstatSync(fsPath(entry));
    const { replace } = this.#options;
    if (!replaces(replace, current.record.stat.mtime, Math.floor(existing.mtimeMs / 1000))) {
      this.#counts.skipped++;
      this.#options.note("skipped", `${skipReason(replace)}: ${this.shown(current)}`);
      return undefined;
    }
    if (existing.isDirectory()) rmdirSync(fsPath(entry));
    else unlinkSync(fsPath(entry));
    return make(entry);
  }

  /** Where the file is put, for messages. */
  shown(current: Entry): string {
    return shown(`${this.#options.relocation.root}${current.directory}/${current.base}`);
  }

  /** Makes a hard link to a file that was restored before. Throws what hinders it. */
  makeLink(deferred: DeferredFile): void {
    const { record } = deferred.attributes;
    const target = this.#options.relocation.place(record.link);
    if (target === undefined || target === "/")
      throw new OperatorError("PATH_UNSAFE", "its target leads out of the place for it");
    const cut = target.lastIndexOf("/");
    // The target's directory stays open by a descriptor of its own while that of the new name is looked up.
    const from = openSync(
      `/proc/self/fd/${this.directories.open(target.slice(0, cut))}`,
      constants.O_RDONLY | constants.O_DIRECTORY,
    );
    try {
      const existing = `/proc/self/fd/${from}/${target.slice(cut + 1)}`;
      const entry = this.entry(deferred);
      const there = statOf(entry);
      const source = lstatSync(fsPath(existing), { bigint: true });
      if (there !== undefined && there.ino === source.ino && there.dev === source.dev) {
        this.#counts.files++;
        return;
      }
      if (there !== undefined) {
        if (!replaces(this.#options.replace, record.stat.mtime, Number(there.mtimeMs / 1000n))) {
          this.#counts.skipped++;
          this.#options.note("skipped", `${skipReason(this.#options.replace)}: ${this.shown(deferred)}`);
          return;
        }
        unlinkSync(fsPath(entry));
      }
      linkSync(fsPath(existing), fsPath(entry));
      this.#counts.files++;
    } finally {
      closeSync(from);
    }
  }

  [Symbol.dispose](): void {
    this.directories[Symbol.dispose]();
  }
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
