import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { runsBehind } from "#lib/base/runs-behind.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { dropCached } from "#lib/platform/page-cache.ts";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { SyncedFile, meansFull, readWhole, syncDirectory, writeWhole } from "./disk-file.ts";
import { VOLUME_MODE, ioFailure, isWriteProtected, openFailure, openVolumeFile, volumeExists } from "./volume-file.ts";
import { checkedVolumeName } from "./volume-name.ts";
import type { AppendOutcome, Device, Medium } from "./device.ts";
import type { VolumeFile } from "./volume-file.ts";

/** Disk files as Volumes: one file a Volume, in the directory that is the Archive Device. */
export class FileDevice implements Device {
  readonly volType = 1;
  readonly keepsData = true;
  readonly name: string;
  readonly #directory: string;
  readonly #isDirect: boolean;

  constructor(options: { readonly name: string; readonly archiveDevice: string; readonly isDirect?: boolean }) {
    this.name = options.name;
    this.#directory = options.archiveDevice;
    this.#isDirect = options.isDirect === true;
  }

  has(volume: string): boolean {
    return existsSync(this.#path(volume));
  }

  open(volume: string, mode: "read" | "append"): Medium {
    return openMedium({ ...this.#file(volume), mode, isDirect: this.#isDirect });
  }

  create(volume: string, label: Uint8Array): Medium {
    const file = this.#file(volume);
    if (existsSync(file.path)) throw volumeExists(file);
    const temporary = join(this.#directory, `.${volume}.new`);
    let fd: number;
    try {
      // What a crash left under this name may be a second name of a Volume that was moved away since: it goes, and is never cut to nothing.
      rmSync(temporary, { force: true });
      fd = openSync(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NONBLOCK, VOLUME_MODE);
    } catch (cause) {
      throw openFailure({ ...file, path: temporary }, cause);
    }
    try {
      writeWhole(fd, label, 0);
      fsyncSync(fd);
      giveName(temporary, file);
      syncDirectory(this.#directory);
    } catch (cause) {
      closeSync(fd);
      if (existsSync(temporary)) unlinkSync(temporary);
      if (cause instanceof OperatorError) throw cause;
      const code = isWriteProtected(cause) ? "VOLUME_READ_ONLY" : "DEVICE_IO_FAILED";
      throw new OperatorError(code, `device "${this.name}": Volume "${volume}" cannot be made`, { cause });
    }
    return new FileMedium({ ...file, isDirect: this.#isDirect }, fd);
  }

  space(): { readonly free: number; readonly total: number } | undefined {
    try {
      const facts = statfsSync(this.#directory);
      return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
    } catch {
      return undefined;
    }
  }

  #file(volume: string): VolumeFile {
    return { device: this.name, volume, path: this.#path(volume) };
  }

  #path(volume: string): string {
    return join(this.#directory, checkedVolumeName(volume));
  }
}

/** Links the finished file to its name, which never replaces another; where links are unknown (FAT, CIFS) it is renamed. */
function giveName(temporary: string, file: VolumeFile): void {
  try {
    linkSync(temporary, file.path);
    unlinkSync(temporary);
  } catch (cause) {
    if (systemErrorCode(cause) === "EEXIST") throw volumeExists(file);
    renameSync(temporary, file.path);
  }
}

/** Opens a plain file as the medium of a Volume, whatever its name is. VOLUME_NOT_FOUND, VOLUME_READ_ONLY, VOLUME_NOT_LABELED, DEVICE_OPEN_FAILED. */
export function openMedium(wish: MediumFile & { readonly mode: "read" | "append" }): Medium {
  return new FileMedium(wish, openVolumeFile(wish, wish.mode));
}

/** A file that is to be opened as a Volume. */
interface MediumFile extends VolumeFile {
  /** What was written or read is kept out of the page cache. */
  readonly isDirect?: boolean;
}

/** An open Volume file. */
class FileMedium implements Medium {
  readonly volume: string;
  readonly #name: VolumeFile;
  readonly #fd: number;
  readonly #file: SyncedFile;
  readonly #isDirect: boolean;
  #end: number;

  constructor({ isDirect = false, ...name }: MediumFile, fd: number) {
    this.volume = name.volume;
    this.#name = name;
    this.#fd = fd;
    this.#isDirect = isDirect;
    const failure = (doing: string, cause: unknown): OperatorError => this.#failure(doing, cause);
    this.#file = new SyncedFile(fd, { failure, ...(isDirect ? { onDurable: () => dropCached(fd, 0, 0) } : {}) });
    this.#end = fstatSync(fd).size;
  }

  get end(): number {
    return this.#end;
  }

  readAt(into: Uint8Array, address: number): number {
    try {
      const count = readWhole(this.#fd, into, address);
      if (this.#isDirect) dropCached(this.#fd, address, count);
      return count;
    } catch {
      // Once more: what fails for a moment (a disk that is reset, a server that is away) is no reason to give up a Volume.
      return this.#readAgain(into, address);
    }
  }

  #readAgain(into: Uint8Array, address: number): number {
    try {
      return readWhole(this.#fd, into, address);
    } catch (cause) {
      throw this.#failure(`reading at ${address}`, cause);
    }
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    const total = blocks.reduce((sum, block) => sum + block.byteLength, 0);
    let written = 0;
    try {
      written = writevSync(this.#fd, blocks as Uint8Array[], this.#end);
      while (written < total) {
        const count = writevSync(this.#fd, runsBehind(blocks, written), this.#end + written);
        if (count === 0) return this.#full(blocks, written, "the medium takes no more bytes");
        written += count;
      }
      this.#end += total;
      return { kind: "written" };
    } catch (cause) {
      const reason = meansFull(cause);
      if (reason !== undefined) return this.#full(blocks, written, reason);
      this.#cutBack(this.#end);
      throw this.#failure(`writing at ${this.#end}`, cause);
    }
  }

  relabel(label: Uint8Array): void {
    try {
      // The new label first: a crash in between leaves a Volume that is labeled, never an empty file.
      writeWhole(this.#fd, label, 0);
      ftruncateSync(this.#fd, label.byteLength);
      fsyncSync(this.#fd);
      this.#end = label.byteLength;
    } catch (cause) {
      throw this.#failure("writing its label", cause);
    }
  }

  truncate(address: number): void {
    try {
      ftruncateSync(this.#fd, address);
      this.#end = address;
    } catch (cause) {
      throw this.#failure(`cutting it off at ${address}`, cause);
    }
  }

  startWriteback(): void {
    this.#file.startWriteback();
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** Ends an append that did not fit: whole blocks stay, the rest of the block that did not fit goes. */
  #full(blocks: readonly Uint8Array[], written: number, reason: string): AppendOutcome {
    let whole = 0;
    let bytes = 0;
    for (const block of blocks) {
      if (bytes + block.byteLength > written) break;
      bytes += block.byteLength;
      whole += 1;
    }
    this.#cutBack(this.#end + bytes);
    return { kind: "full", blocks: whole, reason };
  }

  #cutBack(end: number): void {
    try {
      ftruncateSync(this.#fd, end);
      this.#end = end;
    } catch (cause) {
      throw this.#failure(`cutting off a half block at ${end}`, cause);
    }
  }

  #failure(doing: string, cause: unknown): OperatorError {
    return ioFailure(this.#name, doing, cause);
  }
}
