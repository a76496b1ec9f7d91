import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { invariant } from "#lib/base/assert.ts";
import { Semaphore } from "#lib/base/lock.ts";
import { FRAME_HEADER_BYTES } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { FileHandle } from "node:fs/promises";
import type { FrameHeader } from "#lib/chunk/chunk-frame.ts";
import {
  CONTAINER_BYTES_TARGET,
  CONTAINER_HEADER_BYTES,
  ContainerDirectory,
  DIRECTORY_ENTRY_BYTES,
  putEntry,
  writeContainerFooter,
  writeContainerHeader,
} from "./container-format.ts";
import { containerPath, unfinishedPath } from "./container-name.ts";
import { copyFrames } from "./copy-frames.ts";
import { STORE_FILE_MODE, STORE_FOLDER_MODE, isNoRoom, writeFailure } from "./durable.ts";
import { ShortWrite, causeOf, writeRuns } from "./write-runs.ts";

/** Files that are made durable at a time: each keeps one of the few threads that all file system calls of the process share. */
const syncs = new Semaphore(2);

/** Where a container is to be. */
export interface ContainerPlace {
  /** Holds the containers' folders. */
  readonly directory: string;
  readonly number: number;
  /** The store's UUID, 16 bytes. */
  readonly store: Uint8Array;
  readonly domain: string;
  /** When it is made: milliseconds since 1970. */
  readonly createdMs: number;
}

/** What a finished container holds. */
export interface ContainerFacts {
  readonly number: number;
  /** Length of the file. */
  readonly bytes: number;
  readonly chunks: number;
  /** Bytes of its chunks before compression. */
  readonly plainBytes: number;
}

/** How far a container has come. "dead": nothing of it may be used. */
type WriterState = "open" | "closed" | "sealed" | "dead";

/**
 * Writes one container: frames are given a place at once (`place`) and written in the order of their places (`write`). `seal` makes it
 * durable under its final name. Chunks that got no room, or whose file could not be made durable, are told to `lost`, at once.
 */
export class ContainerWriter {
  readonly number: number;
  /** Whether another job than the one that writes was told of its chunks. */
  isShared = false;
  readonly #at: ContainerPlace;
  #file: FileHandle;
  /** A sync found no room: nobody knows what the disk holds of the file, so its frames go into another one before they are relied on. */
  #isDoubtful = false;
  readonly #lost: (chunks: ContainerDirectory) => void;
  #state: WriterState = "open";
  #entries = Buffer.allocUnsafe(256 * DIRECTORY_ENTRY_BYTES);
  #entryBytes = 0;
  #plainBytes = 0;
  /** Where the next frame goes. */
  #end = CONTAINER_HEADER_BYTES;
  /** The last write that was ordered; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** Counts how often places were taken back; a write that was ordered before is void, because of `#cutCause`. */
  #cuts = 0;
  #cutCause: OperatorError | undefined;
  #sealing: Promise<ContainerFacts> | undefined;

  private constructor(at: ContainerPlace, file: FileHandle, lost: (chunks: ContainerDirectory) => void) {
    this.number = at.number;
    this.#at = at;
    this.#file = file;
    this.#lost = lost;
  }

  /** Makes the file, under the name of an unfinished container. STORE_FULL, DEVICE_IO_FAILED. */
  static async create(at: ContainerPlace, lost: (chunks: ContainerDirectory) => void): Promise<ContainerWriter> {
    const path = unfinishedPath(at.directory, at.number);
    try {
      await mkdir(dirname(path), { mode: STORE_FOLDER_MODE, recursive: true });
      return new ContainerWriter(at, await beginFile(path, at), lost);
    } catch (cause) {
      throw writeFailure(`making container ${path}`, causeOf(cause));
    }
  }

  /** Whether frames can be given a place: it is open and has not reached its length. */
  get takesMore(): boolean {
    return this.#state === "open" && this.#end < CONTAINER_BYTES_TARGET;
  }

  /** Whether it was given up. */
  get isDead(): boolean {
    return this.#state === "dead";
  }

  /** Chunks that have a place in it. */
  get chunks(): number {
    return this.#entryBytes / DIRECTORY_ENTRY_BYTES;
  }

  /** Gives a frame its place; answers where. Its bytes must be in the next `write`, which the caller makes in the same turn. */
  place(frame: FrameHeader, id: Uint8Array): number {
    invariant(this.#state === "open", "a container that takes chunks is open");
    if (this.#entryBytes === this.#entries.length) {
      this.#entries = Buffer.concat([this.#entries, Buffer.allocUnsafe(this.#entries.length)]);
    }
    const offset = this.#end;
    putEntry(this.#entries, this.#entryBytes, { ...headerOf(frame), id, offset });
    this.#entryBytes += DIRECTORY_ENTRY_BYTES;
    this.#plainBytes += frame.plainBytes;
    this.#end += FRAME_HEADER_BYTES + frame.storedBytes;
    return offset;
  }

  /**
   * Writes the frames that were placed since the last call: `runs`, in order. Resolves when the kernel has them. If there is no room
   * for all, the whole frames that fitted stay, the others are told to `lost`, and it rejects with STORE_FULL.
   */
  async write(runs: readonly Uint8Array[]): Promise<void> {
    let bytes = 0;
    for (const run of runs) bytes += run.byteLength;
    const at = this.#end - bytes;
    const cuts = this.#cuts;
    const turn = this.#turn.then(async () => {
      if (cuts !== this.#cuts) throw this.#cutCause!;
      try {
        await writeRuns(this.#file, runs, at);
      } catch (cause) {
        const written = cause instanceof ShortWrite ? cause.end : at;
        throw await this.#cutBack(written, writeFailure(`writing ${this.#path}`, causeOf(cause)));
      }
    });
    this.#turn = turn.catch(() => {});
    await turn;
  }

  /**
   * Ends the container: directory and footer behind its frames, all of it durable, then its final name. The folder's entry is durable
   * only after a `syncDirectory` of it. STORE_FULL and QUOTA_EXCEEDED leave it to be sealed later, also where only the sync says so; then
   * its frames are written anew. Repeating it is cheap.
   */
  seal(): Promise<ContainerFacts> {
    this.#sealing ??= this.#seal().catch((error: unknown) => {
      this.#sealing = undefined;
      throw error;
    });
    return this.#sealing;
  }

  /** Gives it up: the file goes, its chunks are told to `lost`. */
  async discard(why = new OperatorError("STORE_FULL", `${this.#path} was given up`)): Promise<void> {
    if (this.#state === "sealed" || this.#state === "dead") return;
    this.#state = "dead";
    this.#cuts += 1;
    this.#cutCause = why;
    this.#cutEntries(CONTAINER_HEADER_BYTES);
    await this.#turn;
    await this.#file.close().catch(() => {});
    await unlink(unfinishedPath(this.#at.directory, this.number)).catch(() => {});
  }

  async #seal(): Promise<ContainerFacts> {
    if (this.#state === "open") this.#state = "closed";
    await this.#turn;
    if (this.#state === "dead") throw this.#cutCause!;
    if (this.#isDoubtful) await this.#writeAnew();
    const tail = this.#tail();
    const bytes = this.#end + tail.length;
    try {
      await writeRuns(this.#file, [tail], this.#end);
      // What is behind it is of a frame that found no room.
      await this.#file.truncate(bytes);
    } catch (cause) {
      await this.#file.truncate(this.#end).catch(() => {});
      throw writeFailure(`ending ${this.#path}`, causeOf(cause));
    }
    await this.#makeDurable();
    this.#state = "sealed";
    await this.#file.close().catch(() => {});
    return { number: this.number, bytes, chunks: this.chunks, plainBytes: this.#plainBytes };
  }

  /** Syncs the file and gives it its final name. Without room for that it is kept, in doubt; after any other failure it is given up. */
  async #makeDurable(): Promise<void> {
    try {
      using _turn = await syncs.acquire();
      await this.#file.sync();
      await rename(this.#path, containerPath(this.#at.directory, this.number));
    } catch (cause) {
      const failure = writeFailure(`making ${this.#path} durable`, cause);
      this.#isDoubtful = isNoRoom(failure);
      if (!this.#isDoubtful) await this.discard(failure);
      throw failure;
    }
  }

  /**
   * Writes the frames into another file, which takes the place of the one in doubt. A kernel that could not write may have let go of what it could
   * not write: what cannot be read back whole is given up, all of it.
   */
  async #writeAnew(): Promise<void> {
    await unlink(this.#path).catch(() => {});
    try {
      const fresh = await beginFile(this.#path, this.#at);
      try {
        await copyFrames(this.#file, fresh, { path: this.#path, directory: this.#directory });
      } catch (cause) {
        await fresh.close();
        throw cause;
      }
      await this.#file.close().catch(() => {});
      this.#file = fresh;
      this.#isDoubtful = false;
    } catch (cause) {
      const failure = writeFailure(`writing ${this.#path} anew`, causeOf(cause));
      if (!isNoRoom(failure)) await this.discard(failure);
      throw failure;
    }
  }

  get #directory(): ContainerDirectory {
    return new ContainerDirectory(this.#entries.subarray(0, this.#entryBytes));
  }

  #tail(): Buffer {
    const directory = this.#entries.subarray(0, this.#entryBytes);
    const footer = writeContainerFooter({
      store: this.#at.store,
      number: this.number,
      directoryAt: this.#end,
      chunks: this.chunks,
      plainBytes: this.#plainBytes,
      directoryCrc: crc32(directory),
    });
    return Buffer.concat([directory, footer]);
  }

  /** Keeps the frames that end at `written` at most, gives the places behind them up. */
  async #cutBack(written: number, cause: OperatorError): Promise<OperatorError> {
    this.#cuts += 1;
    this.#cutCause = cause;
    this.#cutEntries(written);
    // If this fails the bytes behind stay until they are written over, or until the container is ended.
    await this.#file.truncate(this.#end).catch(() => {});
    return cause;
  }

  #cutEntries(written: number): void {
    const directory = this.#directory;
    let kept = directory.count;
    while (kept > 0 && directory.offset(kept - 1) + directory.frameBytes(kept - 1) > written) {
      kept -= 1;
      this.#plainBytes -= directory.plainBytes(kept);
      this.#end = directory.offset(kept);
    }
    const lost = new ContainerDirectory(Buffer.from(directory.bytes.subarray(kept * DIRECTORY_ENTRY_BYTES)));
    this.#entryBytes = kept * DIRECTORY_ENTRY_BYTES;
    if (lost.count > 0) this.#lost(lost);
  }

  get #path(): string {
    return unfinishedPath(this.#at.directory, this.number);
  }
}

/** Makes a file with a container's header. What fails leaves none behind. */
async function beginFile(path: string, at: ContainerPlace): Promise<FileHandle> {
  const file = await open(path, "wx+", STORE_FILE_MODE);
  try {
    await writeRuns(file, [writeContainerHeader(at)], 0);
    return file;
  } catch (cause) {
    await file.close();
    await unlink(path);
    throw cause;
  }
}

function headerOf({ method, level, plainBytes, storedBytes }: FrameHeader): FrameHeader {
  return { method, level, plainBytes, storedBytes };
}
