import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** ext4 passes over inodes that were deleted in the last 60 s, one by one: creating files then costs whoever comes next ten times as much. */
const FORGET_MS = 75_000;
/** With less free than this, what was thrown away is deleted at once. */
const FREE_BYTES_MIN = 25e9;

/** Where data and scratch directories are. What is thrown away lies in a corner until nobody is being measured. */
export class Place {
  readonly dir: string;
  readonly #waits: boolean;
  #thrown = 0;

  /** `waits` false: a smoke test, which need not be fair. */
  constructor(dir: string, waits: boolean) {
    this.dir = dir;
    this.#waits = waits;
    mkdirSync(join(dir, "thrown-away"), { recursive: true });
    this.#thrown = readdirSync(join(dir, "thrown-away")).length; // of a run that was broken off
  }

  /** A new empty directory on the disk of the data. */
  async scratch(name: string): Promise<string> {
    const { bavail, bsize } = statfsSync(this.dir);
    if (bavail * bsize < FREE_BYTES_MIN) await this.settle();
    return mkdtempSync(join(this.dir, `${name}-`));
  }

  /** Puts a directory aside; it is deleted by `settle`. */
  throwAway(path: string): void {
    this.#thrown += 1;
    renameSync(path, join(this.dir, "thrown-away", `${Date.now()}-${this.#thrown}`));
  }

  /** Deletes what was thrown away, and waits until the file system has forgotten it. */
  async settle(): Promise<void> {
    if (this.#thrown === 0) return;
    this.#thrown = 0;
    const corner = join(this.dir, "thrown-away");
    for (const name of readdirSync(corner)) rmSync(join(corner, name), { recursive: true, force: true });
    execFileSync("sync");
    if (this.#waits) await sleep(FORGET_MS);
  }
}
