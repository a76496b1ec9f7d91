import type { BigIntStats } from "node:fs";
import type { RememberedEntry } from "#filed/backup/remembered.ts";

/** Numbers kept of an entry's stat, in this order, as 64-bit integers. */
export const statField = {
  dev: 0,
  ino: 1,
  mode: 2,
  nlink: 3,
  uid: 4,
  gid: 5,
  rdev: 6,
  size: 7,
  blockSize: 8,
  blocks: 9,
  atimeNs: 10,
  mtimeNs: 11,
  ctimeNs: 12,
} as const;
const STATS = 13;

const intField = {
  fileIndex: 0,
  type: 1,
  options: 2,
  linkFileIndex: 3,
  nameStart: 4,
  nameBytes: 5,
  linkStart: 6,
  linkBytes: 7,
  rememberedStart: 8,
  rememberedBytes: 9,
  rememberedKind: 10,
  root: 11,
} as const;
const INTS = 12;

/** What the walker knows of an entry from the jobs before; values of intField.rememberedKind. */
const rememberedKind = { nothing: 0, changed: 1, unchanged: 2 } as const;

/** Bytes of remembered records at which a list is closed. */
const LIST_REMEMBERED_BYTES = 1024 * 1024;
/** Root of an entry that cannot be found again by its place in the walk. */
export const NO_ROOT = -1;
const REMEMBERED_BYTES_FIRST = 64 * 1024;

/** A run of walked entries in flat buffers, so that it costs nothing to hand it to another thread. */
export interface EntryList {
  readonly count: number;
  readonly ints: Int32Array<ArrayBuffer>;
  readonly stats: BigInt64Array<ArrayBuffer>;
  readonly names: Uint8Array<ArrayBuffer>;
  /** Remembered records of all entries, one after the other. */
  readonly remembered: Uint8Array<ArrayBuffer>;
}

/** The buffers of a list, for transferring it. */
export function buffersOf(list: EntryList): ArrayBuffer[] {
  return [list.ints.buffer, list.stats.buffer, list.names.buffer, list.remembered.buffer];
}

/** Entries of a full list; enough that a list is worth a message, few enough that encoders share the work evenly. */
export const LIST_ENTRIES_MAX = 1024;
/** Bytes of file data at which a list is closed. */
export const LIST_DATA_BYTES = 4 * 1024 * 1024;
const NAMES_BYTES_FIRST = 128 * 1024;

/** One entry to be saved, as the walker knows it. Paths are byte strings. */
export interface WalkedEntry {
  readonly fileIndex: number;
  /** fileType number. */
  readonly type: number;
  /** Number in CompiledFileSet.optionsTable. */
  readonly options: number;
  readonly path: string;
  readonly stat: BigIntStats;
  /** First name of a hard link, else "". */
  readonly link: string;
  readonly linkFileIndex: number;
  /** What an earlier job remembers of it; absent: nothing. */
  readonly remembered?: RememberedEntry | undefined;
  /** Number of the FileSet's name below which it was found; absent: NO_ROOT. */
  readonly root?: number;
}

/** Collects walked entries into an EntryList. */
export class EntryListBuilder {
  #count = 0;
  #dataBytes = 0;
  #ints = new Int32Array(INTS * LIST_ENTRIES_MAX);
  #stats = new BigInt64Array(STATS * LIST_ENTRIES_MAX);
  #names = Buffer.alloc(NAMES_BYTES_FIRST);
  #namesEnd = 0;
  #remembered = Buffer.allocUnsafeSlow(0);
  #rememberedEnd = 0;

  get count(): number {
    return this.#count;
  }

  /** True when the list should be handed over. */
  get isFull(): boolean {
    return (
      this.#count === LIST_ENTRIES_MAX || this.#dataBytes >= LIST_DATA_BYTES || this.#rememberedEnd >= LIST_REMEMBERED_BYTES
    );
  }

  add(entry: WalkedEntry): void {
    const int = this.#count * INTS;
    this.#ints[int + intField.fileIndex] = entry.fileIndex;
    this.#ints[int + intField.type] = entry.type;
    this.#ints[int + intField.options] = entry.options;
    this.#ints[int + intField.linkFileIndex] = entry.linkFileIndex;
    this.#ints[int + intField.nameStart] = this.#namesEnd;
    this.#ints[int + intField.nameBytes] = this.#name(entry.path);
    this.#ints[int + intField.linkStart] = this.#namesEnd;
    this.#ints[int + intField.linkBytes] = this.#name(entry.link);
    this.#ints[int + intField.root] = entry.root ?? NO_ROOT;
    this.#addRemembered(int, entry.remembered);
    const { stat } = entry;
    const at = this.#count * STATS;
    this.#stats[at] = stat.dev;
    this.#stats[at + 1] = stat.ino;
    this.#stats[at + 2] = stat.mode;
    this.#stats[at + 3] = stat.nlink;
    this.#stats[at + 4] = stat.uid;
    this.#stats[at + 5] = stat.gid;
    this.#stats[at + 6] = stat.rdev;
    this.#stats[at + 7] = stat.size;
    this.#stats[at + 8] = stat.blksize;
    this.#stats[at + 9] = stat.blocks;
    this.#stats[at + 10] = stat.atimeNs;
    this.#stats[at + 11] = stat.mtimeNs;
    this.#stats[at + 12] = stat.ctimeNs;
    this.#count++;
    // What is not read again costs the encoder nothing to speak of.
    if (entry.remembered?.isUnchanged !== true) this.#dataBytes += Number(stat.size);
  }

  #addRemembered(int: number, remembered: RememberedEntry | undefined): void {
    this.#ints[int + intField.rememberedStart] = this.#rememberedEnd;
    this.#ints[int + intField.rememberedBytes] = remembered?.records.byteLength ?? 0;
    this.#ints[int + intField.rememberedKind] =
      remembered === undefined
        ? rememberedKind.nothing
        : remembered.isUnchanged
          ? rememberedKind.unchanged
          : rememberedKind.changed;
    if (remembered === undefined) return;
    const end = this.#rememberedEnd + remembered.records.byteLength;
    if (end > this.#remembered.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#remembered.length, end, REMEMBERED_BYTES_FIRST));
      larger.set(this.#remembered.subarray(0, this.#rememberedEnd));
      this.#remembered = larger;
    }
    this.#remembered.set(remembered.records, this.#rememberedEnd);
    this.#rememberedEnd = end;
  }

  #name(text: string): number {
    if (this.#namesEnd + text.length > this.#names.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#names.length, this.#namesEnd + text.length));
      larger.set(this.#names);
      this.#names = larger;
    }
    this.#names.write(text, this.#namesEnd, "latin1");
    this.#namesEnd += text.length;
    return text.length;
  }

  /** Hands the list over; its buffers (`buffersOf`) may be transferred. The builder starts anew. */
  take(): EntryList {
    const list: EntryList = {
      count: this.#count,
      ints: this.#ints.slice(0, this.#count * INTS),
      stats: this.#stats.slice(0, this.#count * STATS),
      names: new Uint8Array(this.#names.subarray(0, this.#namesEnd)),
      remembered: new Uint8Array(this.#remembered.subarray(0, this.#rememberedEnd)),
    };
    this.#count = 0;
    this.#dataBytes = 0;
    this.#namesEnd = 0;
    this.#rememberedEnd = 0;
    return list;
  }
}

/** Reads the entries of a list one after the other without making an object for each. */
export class EntryCursor {
  #at = -1;
  readonly #list: EntryList;
  readonly #names: Buffer;

  constructor(list: EntryList) {
    this.#list = list;
    this.#names = Buffer.from(list.names.buffer, list.names.byteOffset, list.names.byteLength);
  }

  /** Goes to the next entry; false at the end. */
  next(): boolean {
    return ++this.#at < this.#list.count;
  }

  get fileIndex(): number {
    return this.#list.ints[this.#at * INTS + intField.fileIndex]!;
  }

  get type(): number {
    return this.#list.ints[this.#at * INTS + intField.type]!;
  }

  get options(): number {
    return this.#list.ints[this.#at * INTS + intField.options]!;
  }

  get linkFileIndex(): number {
    return this.#list.ints[this.#at * INTS + intField.linkFileIndex]!;
  }

  /** Path as a byte string. */
  get path(): string {
    return this.#text(intField.nameStart);
  }

  get link(): string {
    return this.#text(intField.linkStart);
  }

  /** The remembered state is that of the entry now: its remembered records may stand for it, without looking at it again. */
  get isUnchanged(): boolean {
    return this.#list.ints[this.#at * INTS + intField.rememberedKind] === rememberedKind.unchanged;
  }

  /** Remembered records of the entry (RememberedEntry.records), a view; undefined: nothing is remembered. */
  get remembered(): Uint8Array | undefined {
    const int = this.#at * INTS;
    if (this.#list.ints[int + intField.rememberedKind] === rememberedKind.nothing) return undefined;
    const start = this.#list.ints[int + intField.rememberedStart]!;
    return this.#list.remembered.subarray(start, start + this.#list.ints[int + intField.rememberedBytes]!);
  }

  /** Number of the FileSet's name below which it was found; NO_ROOT: it cannot be remembered. */
  get root(): number {
    return this.#list.ints[this.#at * INTS + intField.root]!;
  }

  /** Bytes of the path: a view. */
  get pathBytes(): Uint8Array {
    const start = this.#list.ints[this.#at * INTS + intField.nameStart]!;
    return this.#names.subarray(start, start + this.#list.ints[this.#at * INTS + intField.nameBytes]!);
  }

  stat(field: number): bigint {
    return this.#list.stats[this.#at * STATS + field]!;
  }

  #text(field: number): string {
    const start = this.#list.ints[this.#at * INTS + field]!;
    return this.#names.toString("latin1", start, start + this.#list.ints[this.#at * INTS + field + 1]!);
  }
}
