import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { syncDirectory } from "./disk-file.ts";
import { PACKED_FILE_MODE, PackedMedium } from "./packed-medium.ts";
import { checkedVolumeName } from "./volume-name.ts";
import type { Device, Medium } from "./device.ts";

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

/** File of a Volume's directory that holds its records. */
const RECORDS = "records";

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
    const path = this.#path(volume);
    // Without O_NONBLOCK a FIFO of that name would keep the device's thread for ever.
    const flags = (mode === "read" ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK;
    let fd: number;
    try {
      fd = openSync(path, flags);
    } catch (cause) {
      throw this.#openFailure(volume, path, cause);
    }
    try {
      if (fstatSync(fd).isFile()) return PackedMedium.open({ device: this.name, volume, path }, fd, mode);
    } catch (cause) {
      closeSync(fd);
      throw cause;
    }
    closeSync(fd);
    throw new OperatorError(
      "VOLUME_NOT_LABELED",
      `device "${this.name}": what is there for Volume "${volume}" is no plain file (${path})`,
    );
  }

  /** The Volume is made aside and gets its name when its label is durable. */
  create(volume: string, label: Uint8Array): Medium {
    const path = this.#path(volume);
    const home = join(this.#directory, volume);
    if (existsSync(home)) throw this.#exists(volume, home);
    const aside = join(this.#directory, `.${volume}.new`);
    let fd: number | undefined;
    try {
      rmSync(aside, { recursive: true, force: true });
      this.#directories.make(aside);
      fd = openSync(join(aside, RECORDS), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, PACKED_FILE_MODE);
      const medium = PackedMedium.label({ device: this.name, volume, path }, fd, label);
      syncDirectory(aside);
      renameSync(aside, home);
      syncDirectory(this.#directory);
      return medium;
    } catch (cause) {
      if (fd !== undefined) closeSync(fd);
      rmSync(aside, { recursive: true, force: true });
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOTEMPTY" || code === "EEXIST") throw this.#exists(volume, home);
      throw this.#openFailure(volume, path, cause);
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
    return join(this.#directory, checkedVolumeName(volume), RECORDS);
  }

  #exists(volume: string, path: string): OperatorError {
    return new OperatorError("VOLUME_EXISTS", `device "${this.name}" holds a Volume "${volume}" already (${path})`);
  }

  #openFailure(volume: string, path: string, cause: unknown): OperatorError {
    if (cause instanceof OperatorError) return cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && existsSync(this.#directory))
      return new OperatorError("VOLUME_NOT_FOUND", `device "${this.name}" has no Volume "${volume}" (${path})`);
    if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
      return new OperatorError(
        "VOLUME_READ_ONLY",
        `device "${this.name}": Volume "${volume}" cannot be opened for this use (${path})`,
        { cause },
      );
    }
    return new OperatorError("DEVICE_OPEN_FAILED", `device "${this.name}" cannot open Volume "${volume}" (${path})`, { cause });
  }
}
