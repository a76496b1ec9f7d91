import { closeSync, constants, fdatasync, fsync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { systemErrorCode } from "#lib/platform/system-error.ts";
/** Writes all bytes at `address`, however few the kernel takes at a time. Throws what the kernel says. */
export function writeWhole(fd: number, bytes: Uint8Array, address: number): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at, address + at);
}

/** Fills `into` from `address` on; answers the bytes read, fewer only at the end of the file. Throws what the kernel says. */
export function readWhole(fd: number, into: Uint8Array, address: number): number {
  let filled = 0;
  while (filled < into.byteLength) {
    const count = readSync(fd, into, filled, into.byteLength - filled, address + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether an error means that the medium takes no more: it is full, or a limit of size or quota was reached. */
export function meansFull(error: unknown): string | undefined {
  const code = systemErrorCode(error);
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG" || code === "ENXIO" ? code : undefined;
}

/** What the owner of a descriptor says of it. */
interface SyncedFileOwner {
  /** What an error of the kernel is told as. */
  failure(doing: string, cause: unknown): Error;
  /** Called each time when all that was written before is on the disk. */
  onDurable?(): void;
}

/** Owns a descriptor that is written to: makes its file durable, ahead of time in the background or for certain, and closes it. */
export class SyncedFile implements Disposable {
  readonly fd: number;
  #isOpen = true;
  /** Background fdatasync under way; the descriptor must stay open until it ends. */
  #writeback: Promise<void> | undefined;
  #failure: Error | undefined;
  /** The last sync that was asked for; the next one waits for it: the kernel tells a failure once, and whoever asked beside it would hear that all is well. */
  #turn: Promise<void> = Promise.resolve();
  #syncs = 0;
  readonly #owner: SyncedFileOwner;

  constructor(fd: number, owner: SyncedFileOwner) {
    this.fd = fd;
    this.#owner = owner;
  }

  /** Begins to make durable what is written by now, unless a sync does; never blocks, never fails. */
  startWriteback(): void {
    if (this.#writeback !== undefined || this.#syncs > 0 || !this.#isOpen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writeback = promise;
    // Its failure shows again at the next sync: the kernel reports it to every later fsync of this descriptor only once, so keep it.
    fdatasync(this.fd, (error) => {
      this.#writeback = undefined;
      if (error !== null) this.#failure ??= error;
      else this.#owner.onDurable?.();
      resolve();
    });
  }

  /** Resolves when everything written before is durable; rejects when that fails now, or did at an earlier writeback. */
  async sync(): Promise<void> {
    this.#syncs += 1;
    const turn = this.#turn.then(async () => await this.#syncNow()).finally(() => (this.#syncs -= 1));
    this.#turn = turn.catch(() => {});
    await turn;
  }

  async #syncNow(): Promise<void> {
    await this.#writeback;
    if (this.#failure !== undefined) throw this.#unsynced(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fsync(this.fd, (error) => (error === null ? resolve() : reject(error)));
    try {
      await promise;
    } catch (error) {
      // The kernel tells it once and may have dropped the pages: a later fsync that succeeds would prove nothing.
      this.#failure = error as Error;
      throw this.#unsynced(error);
    }
    this.#owner.onDurable?.();
  }

  /** Closes the descriptor, after the writeback that is under way. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      if (this.#writeback === undefined) closeSync(this.fd);
      else void this.#writeback.then(() => closeSync(this.fd));
    } catch (cause) {
      throw this.#owner.failure("closing it", cause);
    }
  }

  /** Whoever lets go in this way has read only, or has made durable what it wrote: an error of the close means nothing to it. */
  [Symbol.dispose](): void {
    try {
      this.close();
    } catch {
      // see above
    }
  }

  #unsynced(cause: unknown): Error {
    return this.#owner.failure("making it durable", cause);
  }
}
