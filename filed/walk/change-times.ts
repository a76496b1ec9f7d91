import { statfsSync } from "node:fs";
import { fsPath } from "#lib/base/byte-string.ts";

/**
 * Magic numbers of file systems that do not keep a change time of their own: there a program that sets the modification time back hides
 * that a file has changed. FUSE (whatever is behind it), FAT, exFAT, both NTFS, 9p, SMB.
 */
const WITHOUT_CHANGE_TIMES: ReadonlySet<number> = new Set([
  0x6573_5546, 0x4d44, 0x2011_bab0, 0x5346_544e, 0x7366_746e, 0x0102_1997, 0xff53_4d42, 0xfe53_4d42,
]);

/** Knows of which devices the change times are proof that a file is the same. Asks once for each device of a walk. */
export class ChangeTimes {
  readonly #known = new Map<bigint, boolean>();
  readonly #magicOf: (path: string) => number;
  #device = -1n;
  #answer = false;

  /** `magicOf`: the magic number of the file system of a path (byte string); throws if it cannot be told. */
  constructor(magicOf: (path: string) => number = (path) => statfsSync(fsPath(path)).type) {
    this.#magicOf = magicOf;
  }

  /** Whether what is on this device, of which `path` is a part, has change times that can be relied on. */
  areProof(path: string, device: bigint): boolean {
    if (device === this.#device) return this.#answer;
    const answer = this.#known.get(device) ?? this.#ask(path);
    // What is gone meanwhile tells nothing of its device; the next entry will.
    if (answer === undefined) return false;
    this.#known.set(device, answer);
    this.#device = device;
    this.#answer = answer;
    return answer;
  }

  #ask(path: string): boolean | undefined {
    try {
      return !WITHOUT_CHANGE_TIMES.has(this.#magicOf(path) >>> 0);
    } catch {
      return undefined;
    }
  }
}
