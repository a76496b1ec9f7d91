import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import type { AccurateFile } from "#proto/filed.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { byteString, fsPath } from "#lib/base/byte-string.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import type { LStat } from "#lib/streams/lstat.ts";
import { stripPath } from "#filed/fileset/match.ts";
import type { ChangeJudge } from "#filed/walk/walker.ts";
import type { AccurateTable } from "./thread-messages.ts";

/** Comparison used where the FileSet gives no Accurate option: modification time, change time, size. */
const DEFAULT_LETTERS = "mcs";

/** Letters that compare digests: SHA-1, SHA-256, SHA-512, MD5. Whichever is kept of the file is computed anew. */
const DIGEST_LETTERS = /[1235]/;
/** Digests by the length of their text in the catalog: base64 without padding. */
const DIGESTS: Readonly<Record<number, string>> = { 22: "md5", 27: "sha1", 43: "sha256", 86: "sha512" };
const PIECE_BYTES = 1 << 18;

/** Collects the Director's accurate list in few large buffers. */
export class AccurateListBuilder {
  readonly #parts: Buffer[] = [];
  #files = 0;

  add(files: readonly AccurateFile[]): void {
    const nul = Buffer.alloc(1);
    this.#parts.push(
      Buffer.concat(
        files.flatMap((file) => [
          file.path,
          nul,
          Buffer.from(file.lstat, "latin1"),
          nul,
          Buffer.from(file.digest, "latin1"),
          nul,
        ]),
      ),
    );
    this.#files += files.length;
  }

  get table(): AccurateTable {
    return { bytes: this.#parts, files: this.#files };
  }
}

/** What the previous jobs hold of the client; says which files have changed since, and which are gone. */
export class AccurateList implements ChangeJudge {
  /** LStat text by name. */
  readonly #files = new Map<string, string>();
  /** Digest text by name; only where the FileSet compares digests. */
  readonly #digests = new Map<string, string>();
  /** Names of which it is not known whether they, or what is below them, are still there. */
  readonly #unseen: string[] = [];
  readonly #sinceNs: bigint;

  /** `withDigests`: whether any file will be compared by its digest. */
  constructor(table: AccurateTable, sinceNs: bigint, withDigests: boolean) {
    this.#sinceNs = sinceNs;
    for (const part of table.bytes) {
      const words = byteString(part).split("\0");
      for (let at = 0; at + 2 < words.length; at += 3) {
        this.#files.set(words[at]!, words[at + 1]!);
        if (withDigests) this.#digests.set(words[at]!, words[at + 2]!);
      }
    }
  }

  isChanged(path: string, stat: BigIntStats, options: FileOptions): boolean {
    const key = savedName(path, stat.isDirectory(), options);
    const text = this.#files.get(key);
    if (text === undefined) return true;
    this.#files.delete(key);
    const before = decodeLStat(text);
    const letters = lettersOf(options);
    if (before === undefined || letters.split("").some((letter) => differs(letter, before, stat, this.#sinceNs))) return true;
    if (/[mc]/.test(letters) && mayHaveChangedUnseen(before, stat, this.#sinceNs)) return true;
    const digest = this.#digests.get(key);
    return stat.isFile() && digest !== undefined && DIGEST_LETTERS.test(letters) && hasOtherContent(path, digest);
  }

  unseen(path: string, options: FileOptions): void {
    this.#unseen.push(savedName(path, false, options));
  }

  /** Files of the list that are gone, as `name NUL LStat`: the walk has not met them, though it could look where they were. */
  get deleted(): string[] {
    const unseen = new Set(this.#unseen);
    return [...this.#files].filter(([name]) => !isAtOrBelow(name, unseen)).map(([name, lstat]) => `${name}\0${lstat}`);
  }
}

/** Whether these options compare files by their digests. */
export function comparesDigests(options: FileOptions): boolean {
  return DIGEST_LETTERS.test(lettersOf(options));
}

function lettersOf(options: FileOptions): string {
  return options.accurate.replace(/^C/, "") || DEFAULT_LETTERS;
}

/** The name under which a file is in the catalog. */
function savedName(path: string, isDirectory: boolean, options: FileOptions): string {
  const name = options.stripPath > 0 ? stripPath(path, options.stripPath) : path;
  return isDirectory && !name.endsWith("/") ? `${name}/` : name;
}

function isAtOrBelow(name: string, places: ReadonlySet<string>): boolean {
  if (places.size === 0) return false;
  if (places.has("/")) return true;
  for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) if (places.has(name.slice(0, end))) return true;
  return false;
}

/** Whether the file's content has another digest. A file that cannot be read counts as changed: saving it will say why. */
function hasOtherContent(path: string, digest: string): boolean {
  const algorithm = DIGESTS[digest.length];
  if (algorithm === undefined) return false; // none was kept
  const hash = createHash(algorithm);
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  try {
    const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      for (let bytes = readSync(fd, piece); bytes > 0; bytes = readSync(fd, piece)) hash.update(piece.subarray(0, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return true;
  }
  return hash.digest("base64").replace(/=+$/, "") !== digest;
}

/**
 * The list has whole seconds: a file that changed after it was saved, in the same second, looks as it did. Only one whose times lie in or
 * after the second in which the job before began can have; by ctime, which nobody sets into the future.
 */
function mayHaveChangedUnseen(before: LStat, now: BigIntStats, sinceNs: bigint): boolean {
  return sinceNs !== 0n && now.ctimeNs >= sinceNs && BigInt(before.ctime) === now.ctimeNs / 1_000_000_000n;
}

function differs(letter: string, before: LStat, now: BigIntStats, sinceNs: bigint): boolean {
  const seconds = (ns: bigint): number => Number(ns / 1_000_000_000n);
  switch (letter) {
    case "i":
      return BigInt(before.ino) !== now.ino;
    case "p":
      return before.mode !== Number(now.mode);
    case "n":
      return before.nlink !== Number(now.nlink);
    case "u":
      return before.uid !== Number(now.uid);
    case "g":
      return before.gid !== Number(now.gid);
    case "s":
      return !now.isDirectory() && before.size !== Number(now.size);
    case "d":
      return !now.isDirectory() && Number(now.size) < before.size;
    case "a":
      return before.atime !== seconds(now.atimeNs);
    case "m":
      return before.mtime !== seconds(now.mtimeNs);
    case "c":
      return before.ctime !== seconds(now.ctimeNs);
    case "M":
      return sinceNs !== 0n && (now.mtimeNs >= sinceNs || now.ctimeNs >= sinceNs);
    case "A":
      return true;
    default:
      return false;
  }
}
