import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a file system may stay busy before it is taken away from a daemon that has it open. */
const BUSY_MS_MAX = 2000;

const PROGRAMS = { btrfs: "mkfs.btrfs", ext4: "mkfs.ext4" } as const;

/** What such a file system is made from. */
export interface LoopWish {
  readonly type: keyof typeof PROGRAMS;
  /** Bytes of the image; btrfs wants 109 MiB at least. */
  readonly bytes: number;
  readonly mountOptions?: string;
  /** Further arguments of mkfs. */
  readonly mkfs?: readonly string[];
  /** Where it is mounted: an empty directory; else one of its own. */
  readonly at?: string;
}

/** Why file systems of this type cannot be made and mounted here; undefined if they can. */
export function whyNoLoop(type: LoopWish["type"]): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  if (!existsSync("/dev/loop-control")) return "needs loop devices";
  const places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const missing = [PROGRAMS[type], "mount", "fsfreeze"].filter(
    (name) => !places.some((place) => existsSync(join(place, name))),
  );
  if (missing.length > 0) return `needs ${missing.join(", ")}`;
  try {
    run("mount", "--version");
    return undefined;
  } catch {
    return "needs mount";
  }
}

/** A real file system in an image of its own, mounted through a loop device; unmounted and removed at the end of the block, frozen or busy. */
export class LoopFileSystem implements AsyncDisposable {
  readonly path: string;
  readonly image: string;
  readonly #directory: string;
  readonly #mountOptions: string;
  #isMounted = false;
  #isFrozen = false;

  private constructor(directory: string, wish: LoopWish) {
    this.#directory = directory;
    this.image = join(directory, "image");
    this.path = wish.at ?? join(directory, "mounted");
    this.#mountOptions = wish.mountOptions ?? "";
  }

  /** Makes the image and mounts it. */
  static make(wish: LoopWish): LoopFileSystem {
    const made = new LoopFileSystem(mkdtempSync(join(tmpdir(), "nocturne-loop-")), wish);
    try {
      writeFileSync(made.image, "");
      truncateSync(made.image, wish.bytes);
      run(PROGRAMS[wish.type], "-q", ...(wish.mkfs ?? []), made.image);
      mkdirSync(made.path, { recursive: true });
      made.mount();
      return made;
    } catch (error) {
      rmSync(made.#directory, { recursive: true, force: true });
      throw error;
    }
  }

  mount(): void {
    run("mount", "-o", ["loop", ...(this.#mountOptions === "" ? [] : [this.#mountOptions])].join(","), this.image, this.path);
    this.#isMounted = true;
  }

  /** Unmounts; waits a little while it is busy, then takes it away from those who use it, who keep what they have open. */
  async unmount(): Promise<void> {
    this.thaw();
    const deadline = Date.now() + BUSY_MS_MAX;
    while (this.#isMounted) {
      const isLate = Date.now() > deadline;
      try {
        run("umount", ...(isLate ? ["-l"] : []), this.path);
        this.#isMounted = false;
      } catch (error) {
        if (isLate) throw error;
        await sleep(100);
      }
    }
  }

  /** From now on whoever writes waits, in the kernel. */
  freeze(): void {
    run("fsfreeze", "-f", this.path);
    this.#isFrozen = true;
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    run("fsfreeze", "-u", this.path);
    this.#isFrozen = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.unmount();
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }
}

function run(program: string, ...args: readonly string[]): void {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" };
  execFileSync(program, args, { env, stdio: ["ignore", "ignore", "pipe"], timeout: 60_000 });
}
