import { closeSync, constants, lstatSync, openSync, readdirSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { shown } from "#lib/base/byte-string.ts";
import { hasNoDumpFlag } from "#lib/platform/file-flags.ts";
import { LongPaths } from "#lib/platform/long-path.ts";
import { MountTable, VIRTUAL_FILE_SYSTEMS } from "#lib/platform/mounts.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { fileType } from "#lib/streams/stream-type.ts";
import { isChanged } from "#filed/backup/changed.ts";
import { stripPath, withoutTrailingSlash } from "#filed/fileset/match.ts";
import type { ChosenOptions, CompiledFileSet, CompiledInclude } from "#filed/fileset/match.ts";
import type { RememberedEntry } from "#filed/backup/remembered.ts";
import { WalkOrder } from "#filed/remember/walk-order.ts";
import { ChangeTimes } from "./change-times.ts";
import { NO_ROOT } from "./entry.ts";
import type { WalkedEntry } from "./entry.ts";
import { readNameList } from "./file-list.ts";
import { HardLinks } from "./hard-links.ts";

/** Why something that was met is not saved, or what the operator should know. */
export type WalkNote = "skipped" | "notSaved" | "info";

/** Where the walk's findings go. Calls may block the walker's thread: that is how a slow storage slows the walk. */
export interface WalkSink {
  entry(entry: WalkedEntry): void;
  note(kind: WalkNote, text: string): void;
  /** True when the walk must stop. */
  readonly isCanceled: boolean;
}

/** Decides by the previous jobs' list whether a file is to be saved; see backup/accurate-list.ts. */
export interface ChangeJudge {
  isChanged(path: string, stat: BigIntStats, options: ChosenOptions["options"]): boolean;
  /** Nothing can be said of this file, or of what is in this directory: it could not be looked at. */
  unseen(path: string, options: ChosenOptions["options"]): void;
}

/** Answers what earlier jobs remember of an entry; asked in the order of the walk. See remember/memory.ts. */
export interface WalkMemory {
  find(asked: {
    readonly root: number;
    readonly path: string;
    readonly type: number;
    readonly options: number;
    readonly stat: BigIntStats;
  }): RememberedEntry | undefined;
}

/** What a walk found, in numbers. */
export interface WalkCounts {
  /** Files and directories looked at. */
  examined: number;
  /** Entries handed to the sink. */
  found: number;
  sockets: number;
  unchanged: number;
  /** Bytes of the regular files handed to the sink. */
  bytes: number;
  /** It ended at its limit of bytes, with files left. */
  isCut: boolean;
}

export interface WalkOptions {
  readonly fileset: CompiledFileSet;
  /** Save what changed at or after this moment; 0n: everything. */
  readonly sinceNs: bigint;
  readonly judge?: ChangeJudge | undefined;
  readonly memory?: WalkMemory | undefined;
  readonly sink: WalkSink;
  readonly mounts?: MountTable;
  /** From so many bytes on no further file is saved; absent or 0: no limit. */
  readonly bytesMax?: number | undefined;
}

/** A directory whose contents are being walked. */
interface Frame {
  readonly path: string;
  readonly names: readonly string[];
  next: number;
  readonly stat: BigIntStats;
  readonly chosen: ChosenOptions;
  readonly type: number;
}

const S_IFMT = 0o170000n;
const S_IFDIR = 0o040000n;
const S_IFREG = 0o100000n;
const S_IFLNK = 0o120000n;
const S_IFSOCK = 0o140000n;
const S_IFIFO = 0o010000n;

/**
 * Walks the names of a FileSet depth first, names sorted by their bytes, one lstat a file, directories after their contents, and touches nothing below what is
 * excluded. No recursion, so depth has no limit; nothing changes the working directory [FD-28].
 */
export class Walker {
  readonly counts: WalkCounts = { examined: 0, found: 0, sockets: 0, unchanged: 0, bytes: 0, isCut: false };
  readonly #options: WalkOptions;
  readonly #sink: WalkSink;
  readonly #mounts: MountTable;
  readonly #links = new HardLinks();
  readonly #paths = new LongPaths();
  readonly #order = new WalkOrder();
  readonly #changeTimes = new ChangeTimes();
  /** Number of the FileSet's name that is being walked, and whether it is a list, which may name anything in any order. */
  #root = -1;
  #isList = false;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#sink = options.sink;
    this.#mounts = options.mounts ?? new MountTable();
  }

  /** Walks everything. Throws OperatorError LIST_FAILED when a list of names cannot be had. */
  async run(): Promise<WalkCounts> {
    using _paths = this.#paths;
    for (const include of this.#options.fileset.includes) {
      for (const name of include.files) {
        if (this.#mustStop) return this.counts;
        this.#root++;
        this.#isList = name.startsWith("|") || name.startsWith("<");
        if (this.#isList) {
          for await (const listed of readNameList(name)) {
            if (this.#mustStop) return this.counts;
            if (listed.text !== "") this.#walkTop(include, withoutTrailingSlash(listed.text), listed.isExact);
          }
        } else this.#walkTop(include, name, false);
      }
    }
    return this.counts;
  }

  get #mustStop(): boolean {
    return this.#sink.isCanceled || this.counts.isCut;
  }

  #walkTop(include: CompiledInclude, path: string, isExact: boolean): void {
    if (!path.startsWith("/")) {
      this.#sink.note("notSaved", `     "${shown(path)}" is not an absolute path; it is not saved.`);
      return;
    }
    const stat = this.#lstat(path, include.top);
    if (stat === undefined) return;
    const { fsTypes } = include.top.options;
    if (fsTypes.length > 0) {
      const type = this.#mounts.typeOf(path);
      if (!fsTypes.includes(type)) {
        this.#sink.note("skipped", `     Top level directory "${shown(path)}" has unlisted fstype "${type}"`);
        return;
      }
    }
    const frame = this.#visit(include, path, stat, include.top, undefined, isExact);
    if (frame !== undefined) this.#walkBelow(include, frame);
  }

  #walkBelow(include: CompiledInclude, top: Frame): void {
    const stack: Frame[] = [top];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const name = frame.names[frame.next++];
      if (name === undefined) {
        stack.pop();
        this.#save(frame.path, frame.type, frame.stat, frame.chosen);
        continue;
      }
      if (this.#sink.isCanceled) return;
      if (this.counts.isCut) {
        frame.next = Infinity; // directories that were begun are saved
        continue;
      }
      const path = frame.path === "/" ? `/${name}` : `${frame.path}/${name}`;
      const stat = this.#lstat(path, frame.chosen);
      if (stat === undefined) continue;
      const chosen = include.choose(path, name, (stat.mode & S_IFMT) === S_IFDIR);
      if (chosen === undefined) continue;
      const below = this.#visit(include, path, stat, chosen, frame, false);
      if (below !== undefined) stack.push(below);
    }
  }

  #lstat(path: string, { options }: ChosenOptions): BigIntStats | undefined {
    try {
      const stat = lstatSync(this.#paths.reach(path), { bigint: true });
      this.counts.examined++;
      return stat;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") this.#options.judge?.unseen(path, options);
      this.#sink.note("notSaved", `     Could not stat "${shown(path)}": ERR=${systemErrorText(error)}`);
      return undefined;
    }
  }

  /** Saves a file at once; opens a directory and answers its frame, to be walked and then saved. */
  #visit(
    include: CompiledInclude,
    path: string,
    stat: BigIntStats,
    chosen: ChosenOptions,
    parent: Frame | undefined,
    isExact: boolean,
  ): Frame | undefined {
    const format = stat.mode & S_IFMT;
    if (chosen.options.honorNoDumpFlag && (format === S_IFDIR || format === S_IFREG) && this.#isNoDump(path)) return undefined;
    if (format === S_IFDIR) return this.#visitDirectory(include, path, stat, chosen, parent, isExact);
    if (format === S_IFSOCK) {
      this.counts.sockets++;
      this.#sink.note("skipped", `     Socket file skipped: ${shown(path)}`);
    } else if (format === S_IFREG) this.#save(path, stat.size === 0n ? fileType.emptyRegular : fileType.regular, stat, chosen);
    else if (format === S_IFLNK) this.#save(path, fileType.symlink, stat, chosen);
    else if (format === S_IFIFO && chosen.options.readFifo && parent === undefined)
      this.#save(path, fileType.fifo, stat, chosen);
    else this.#save(path, fileType.special, stat, chosen);
    return undefined;
  }

  #visitDirectory(
    include: CompiledInclude,
    path: string,
    stat: BigIntStats,
    chosen: ChosenOptions,
    parent: Frame | undefined,
    isExact: boolean,
  ): Frame | undefined {
    if (isExact || !chosen.options.recurse) {
      this.#save(path, fileType.directory, stat, chosen);
      return undefined;
    }
    if (parent !== undefined && parent.stat.dev !== stat.dev && !this.#mayCross(path, parent.path, chosen)) {
      this.#save(path, fileType.directory, stat, chosen);
      return undefined;
    }
    let names: string[];
    try {
      names = readdirSync(this.#paths.reach(path), { encoding: "latin1" }).sort();
    } catch (error) {
      this.#options.judge?.unseen(path, chosen.options);
      this.#sink.note("notSaved", `     Could not open directory "${shown(path)}": ERR=${systemErrorText(error)}`);
      names = [];
    }
    if (include.excludeDirContaining.size > 0 && names.some((name) => include.excludeDirContaining.has(name))) return undefined;
    return { path, names, next: 0, stat, chosen, type: fileType.directory };
  }

  /** Decides at a mount point: stay out with a note, or go in. */
  #mayCross(path: string, parent: string, chosen: ChosenOptions): boolean {
    const type = this.#mounts.typeOf(path);
    if (chosen.options.oneFs) {
      this.#sink.note(
        "info",
        `     ${shown(path)} is a different filesystem (${type}). Will not descend from ${shown(parent)} into it.`,
      );
      return false;
    }
    const { fsTypes } = chosen.options;
    if (fsTypes.length > 0 ? fsTypes.includes(type) : !VIRTUAL_FILE_SYSTEMS.has(type)) return true;
    this.#sink.note("info", `     Disallowed filesystem (${type}). Will not descend from ${shown(parent)} into ${shown(path)}`);
    return false;
  }

  #isNoDump(path: string): boolean {
    try {
      const fd = openSync(this.#paths.reach(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        return hasNoDumpFlag(fd);
      } finally {
        closeSync(fd);
      }
    } catch {
      return false;
    }
  }

  #isOver(): boolean {
    const { bytesMax = 0 } = this.#options;
    return bytesMax > 0 && this.counts.bytes >= bytesMax;
  }

  #save(path: string, type: number, stat: BigIntStats, chosen: ChosenOptions): void {
    const { judge, sinceNs } = this.#options;
    const changed =
      judge === undefined ? isChanged(stat, sinceNs, chosen.options.mtimeOnly) : judge.isChanged(path, stat, chosen.options);
    if (!changed) {
      this.counts.unchanged++;
      return;
    }
    if (type === fileType.regular && this.#isOver()) {
      this.counts.isCut = true;
      return;
    }
    const fileIndex = this.counts.found + 1;
    let link = "";
    let linkFileIndex = 0;
    let linkedType = type;
    if (stat.nlink > 1n && type !== fileType.directory && chosen.options.hardLinks) {
      const first = this.#links.meet(stat.dev, stat.ino, stripPath(path, chosen.options.stripPath), fileIndex);
      linkFileIndex = first?.fileIndex ?? 0;
      if (first !== undefined) {
        link = first.path;
        linkedType = fileType.hardLink;
      }
    }
    this.counts.found = fileIndex;
    if (linkedType === fileType.regular) this.counts.bytes += Number(stat.size);
    const isFindable = (!this.#isList || this.#order.goesOn(this.#root, path)) && this.#changeTimes.areProof(path, stat.dev);
    const root = isFindable ? this.#root : NO_ROOT;
    const isReadable = isFindable && linkedType !== fileType.hardLink && linkedType !== fileType.fifo;
    const remembered = isReadable
      ? this.#options.memory?.find({ root, path, type: linkedType, options: chosen.index, stat })
      : undefined;
    this.#sink.entry({
      fileIndex,
      type: linkedType,
      options: chosen.index,
      path,
      stat,
      link,
      linkFileIndex,
      remembered,
      root,
    });
  }
}
