import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { decodeName, encodeName } from "#lib/base/byte-name.ts";

const PIECE_BYTES = 1 << 18;

/** What a comparison found. Names are at most `LISTED_MAX`. */
export interface Comparison {
  readonly entries: number;
  readonly bytes: number;
  /** Names, each with what differs. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
  /** Paths under the source of sockets, which are not saved; at most 1,000. */
  readonly sockets: readonly string[];
  /** Entries that differ, but whose source changed after the backup began. */
  readonly changedMeanwhile: number;
}

export interface CompareOptions {
  readonly source: string;
  readonly restored: string;
  /** Paths of the source that were left out on purpose. */
  readonly excluded: readonly string[];
  /** Milliseconds since 1970: what changed later than this may differ. */
  readonly beganMs: number;
  /** Whether owners and groups are compared: only root can give them back. */
  readonly owners: boolean;
}

const SOCKETS_MAX = 1000;
/** Differences listed by name; the others are counted. */
const LISTED_MAX = 20;

const STAT_KEYS = ["mode", "rdev", "mtimeNs"] as const;
const OWNER_KEYS = ["uid", "gid"] as const;

/**
 * Compares two trees entry by entry: names, types, owners, modes, sizes, times to the nanosecond, link targets, contents.
 * Reads every byte of both. Sockets are passed over: they are not saved.
 */
export function compareTrees(options: CompareOptions): Comparison {
  return new TreeComparison(options).run();
}

class TreeComparison {
  readonly #options: CompareOptions;
  readonly #excluded: ReadonlySet<string>;
  readonly #pieces = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)] as const;
  readonly #differences: string[] = [];
  readonly #sockets: string[] = [];
  #differenceCount = 0;
  #changedMeanwhile = 0;
  #entries = 0;
  #bytes = 0;

  constructor(options: CompareOptions) {
    this.#options = options;
    this.#excluded = new Set(options.excluded);
  }

  run(): Comparison {
    const pending = [""];
    this.#entry("");
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of this.#names(folder)) {
        const path = `${folder}/${name}`;
        if (this.#excluded.has(this.#options.source + path)) continue;
        if (this.#entry(path) === "directory") pending.push(path);
      }
    }
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      differences: this.#differences,
      differenceCount: this.#differenceCount,
      changedMeanwhile: this.#changedMeanwhile,
      sockets: this.#sockets,
    };
  }

  /** Names of both sides. */
  #names(folder: string): Set<string> {
    const restored = listNames(this.#options.restored + folder);
    return new Set([...listNames(this.#options.source + folder), ...restored]);
  }

  #entry(path: string): "directory" | "other" {
    const source = statOf(this.#options.source + path);
    const restored = statOf(this.#options.restored + path);
    if (source?.isSocket() === true) {
      if (this.#sockets.length < SOCKETS_MAX) this.#sockets.push(path);
      return "other";
    }
    this.#entries += 1;
    const difference = this.#difference(path, source, restored);
    if (difference !== undefined) this.#record(path, difference, source);
    return source?.isDirectory() === true && restored?.isDirectory() === true ? "directory" : "other";
  }

  #record(path: string, difference: string, source: BigIntStats | undefined): void {
    const changedMs =
      source === undefined ? Infinity : Number(source.ctimeMs > source.mtimeMs ? source.ctimeMs : source.mtimeMs);
    if (changedMs >= this.#options.beganMs) this.#changedMeanwhile += 1;
    else {
      this.#differenceCount += 1;
      if (this.#differences.length < LISTED_MAX) this.#differences.push(`${path === "" ? "/" : path}: ${difference}`);
    }
  }

  #difference(path: string, source: BigIntStats | undefined, restored: BigIntStats | undefined): string | undefined {
    if (source === undefined) return "is not in the source";
    if (restored === undefined) return "was not restored";
    for (const key of this.#options.owners ? [...STAT_KEYS, ...OWNER_KEYS] : STAT_KEYS) {
      if (source[key] !== restored[key]) return `${key} is ${restored[key]}, not ${source[key]}`;
    }
    if (source.isSymbolicLink())
      return linkTarget(this.#options.source + path).equals(linkTarget(this.#options.restored + path))
        ? undefined
        : "points elsewhere";
    if (!source.isFile()) return undefined;
    if (source.size !== restored.size) return `has ${restored.size} bytes, not ${source.size}`;
    this.#bytes += Number(source.size);
    return this.#sameContent(path) ? undefined : "has other contents";
  }

  #sameContent(path: string): boolean {
    const [left, right] = this.#pieces;
    const leftFile = openSync(encodeName(this.#options.source + path), "r");
    const rightFile = openSync(encodeName(this.#options.restored + path), "r");
    try {
      for (;;) {
        const leftBytes = readSync(leftFile, left, 0, PIECE_BYTES, null);
        const rightBytes = readSync(rightFile, right, 0, PIECE_BYTES, null);
        if (leftBytes !== rightBytes || left.compare(right, 0, rightBytes, 0, leftBytes) !== 0) return false;
        if (leftBytes === 0) return true;
      }
    } finally {
      closeSync(leftFile);
      closeSync(rightFile);
    }
  }
}

function listNames(path: string): string[] {
  try {
    return readdirSync(encodeName(path), { encoding: "buffer" }).map((name) => decodeName(name));
  } catch {
    return []; // not a directory on this side: told as a difference of its own entry
  }
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(encodeName(path), { bigint: true, throwIfNoEntry: false });
}

function linkTarget(path: string): Buffer {
  return readlinkSync(encodeName(path), { encoding: "buffer" });
}
