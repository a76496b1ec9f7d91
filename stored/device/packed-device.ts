import { closeSync, constants, existsSync, mkdirSync, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { syncDirectory } from "./disk-file.ts";
import { PackedMedium } from "./packed-medium.ts";
import { VOLUME_MODE, openFailure, openVolumeFile, volumeExists } from "./volume-file.ts";
import { RECORDS_FILE, checkedVolumeName } from "./volume-name.ts";
import type { Device, Medium } from "./device.ts";
import type { VolumeFile } from "./volume-file.ts";

/** How the directory of a Volume comes into being: as any, or as a subvolume. */
export interface VolumeDirectories {
  /** Makes an empty directory. Throws what the system says. */
  make(path: string): void;
  /** Free and whole bytes of the file system that the directory is on. Throws what the system says. */
  space(path: string): { readonly free: number; readonly total: number };
}

/** Directories as every file system has them. */
export const plainDirectories: VolumeDirectories = {
  make: (path) => mkdirSync(path, { mode: 0o700 }),
  space: (path) => {
    const facts = statfsSync(path);
    return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
  },
};

/** Volumes beside a store of chunks: `<Archive Device>/<Volume>/records`, packed. */
export class PackedDevice implements Device {
  readonly volType = 15;
  readonly keepsData = true;
  readonly name: string;
  readonly #directory: string;
  readonly #directories: VolumeDirectories;

  constructor(options: { readonly name: string; readonly archiveDevice: string }, directories: VolumeDirectories) {
    this.name = options.name;
    this.#directory = options.archiveDevice;
    this.#directories = directories;
  }

  has(volume: string): boolean {
    return existsSync(this.#path(volume));
  }

  open(volume: string, mode: "read" | "append"): Medium {
    const file = this.#file(volume);
    const fd = openVolumeFile(file, mode);
    try {
      return PackedMedium.open(file, fd, mode);
    } catch (cause) {
      closeSync(fd);
      throw cause;
    }
  }

  /** The Volume is made aside and gets its name when its label is durable. */
  create(volume: string, label: Uint8Array): Medium {
    const file = this.#file(volume);
    const home = join(this.#directory, volume);
    if (existsSync(home)) throw volumeExists({ ...file, path: home });
    const aside = join(this.#directory, `.${volume}.new`);
    let fd: number | undefined;
    try {
      rmSync(aside, { recursive: true, force: true });
      this.#directories.make(aside);
      fd = openSync(join(aside, RECORDS_FILE), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, VOLUME_MODE);
      const medium = PackedMedium.label(file, fd, label);
      syncDirectory(aside);
      renameSync(aside, home);
      syncDirectory(this.#directory);
      return medium;
    } catch (cause) {
      if (fd !== undefined) closeSync(fd);
      rmSync(aside, { recursive: true, force: true });
      const code = systemErrorCode(cause);
      if (code === "ENOTEMPTY" || code === "EEXIST") throw volumeExists({ ...file, path: home });
      throw openFailure(file, cause);
    }
  }

  space(): { readonly free: number; readonly total: number } | undefined {
    try {
      return this.#directories.space(this.#directory);
    } catch {
      return undefined;
    }
  }

  #path(volume: string): string {
    return join(this.#directory, checkedVolumeName(volume), RECORDS_FILE);
  }

  #file(volume: string): VolumeFile {
    return { device: this.name, volume, path: this.#path(volume), archiveDevice: this.#directory };
  }
}
