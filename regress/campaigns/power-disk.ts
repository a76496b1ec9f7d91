import { execFileSync } from "node:child_process";
import { constants, copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LoopFileSystem } from "#lib/testing/loop-file-system.ts";

const PROGRAMS = { btrfs: "mkfs.btrfs", ext4: "mkfs.ext4" } as const;
/** Seldom enough that nothing is on the disk merely because it has lain there for a while. */
const COMMIT_SECONDS = 300;

/** What a disk is made from. */
interface DiskWish {
  readonly type: keyof typeof PROGRAMS;
  readonly bytes: number;
  /** Where it is mounted; made if need be. */
  readonly at: string;
}

/**
 * A file system that can lose power. Its image lies on a btrfs of its own, where a copy of it is taken in no time: the image has only what the
 * file system gave to its disk, so the copy is what a machine would find after losing power in that moment.
 */
export class PowerDisk implements AsyncDisposable {
  readonly at: string;
  readonly #outer: LoopFileSystem;
  readonly #type: DiskWish["type"];
  #images = 0;
  /** The loop device of the image that is mounted; undefined: none is. */
  #device: string | undefined;

  private constructor(outer: LoopFileSystem, wish: DiskWish) {
    this.#outer = outer;
    this.#type = wish.type;
    this.at = wish.at;
  }

  static make(wish: DiskWish): PowerDisk {
    const disk = new PowerDisk(LoopFileSystem.make({ type: "btrfs", bytes: wish.bytes * 3 }), wish);
    const image = disk.#image(0);
    writeFileSync(image, "");
    truncateSync(image, wish.bytes);
    run(PROGRAMS[wish.type], "-q", image);
    mkdirSync(wish.at, { recursive: true });
    disk.#mount(image);
    return disk;
  }

  /** Notes what is on the disk now; the file system goes on and knows nothing of it. */
  copy(): void {
    copyFileSync(this.#image(this.#images), this.#image(this.#images + 1), constants.COPYFILE_FICLONE_FORCE);
  }

  /** Mounts what was noted in the place of what was written since. Nobody may have a file open. */
  restart(): void {
    this.#unmount();
    rmSync(this.#image(this.#images));
    this.#images += 1;
    this.#mount(this.#image(this.#images));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#unmount();
    } finally {
      await this.#outer[Symbol.asyncDispose]();
    }
  }

  #image(number: number): string {
    return join(this.#outer.path, `image-${number}`);
  }

  #mount(image: string): void {
    const device = run("losetup", "--find", "--show", image).trim();
    this.#device = device;
    run("mount", "-t", this.#type, "-o", `commit=${COMMIT_SECONDS}`, device, this.at);
  }

  #unmount(): void {
    const device = this.#device;
    if (device === undefined) return;
    try {
      run("umount", this.at);
    } catch {
      run("umount", "-l", this.at); // a failed campaign may leave daemons; the world ends them
    }
    // Copies have the same identity: btrfs would take the older one for a stale twin.
    if (this.#type === "btrfs") run("btrfs", "device", "scan", "--forget", device);
    run("losetup", "--detach", device);
    this.#device = undefined;
  }
}

function run(program: string, ...args: readonly string[]): string {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" };
  return execFileSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
}
