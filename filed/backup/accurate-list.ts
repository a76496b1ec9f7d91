import type { BigIntStats } from "node:fs";
import type { AccurateFile } from "#proto/filed.ts";
import type { FileOptions } from "#proto/fileset.ts";
import { byteString } from "#lib/base/byte-string.ts";
import { decodeLStat } from "#lib/streams/lstat.ts";
import type { LStat } from "#lib/streams/lstat.ts";
import type { ChangeJudge } from "#filed/walk/walker.ts";
import type { AccurateTable } from "./thread-messages.ts";

/** Comparison used where the FileSet gives no Accurate option: modification time, change time, size. */
const DEFAULT_LETTERS = "mcs";

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
  readonly #files = new Map<string, string>();
  readonly #sinceNs: bigint;

  constructor(table: AccurateTable, sinceNs: bigint) {
    this.#sinceNs = sinceNs;
    for (const part of table.bytes) {
      const words = byteString(part).split("\0");
      for (let at = 0; at + 2 < words.length; at += 3) this.#files.set(words[at]!, words[at + 1]!);
    }
  }

  isChanged(path: string, stat: BigIntStats, options: FileOptions): boolean {
    const key = stat.isDirectory() && path !== "/" ? `${path}/` : path;
    const text = this.#files.get(key);
    if (text === undefined) return true;
    this.#files.delete(key);
    const before = decodeLStat(text);
    const letters = options.accurate.replace(/^C/, "") || DEFAULT_LETTERS;
    return before === undefined || letters.split("").some((letter) => differs(letter, before, stat, this.#sinceNs));
  }

  /** Files of the list that the walk has not met: they are gone. Byte strings. */
  get deleted(): string[] {
    return [...this.#files.keys()];
  }
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
