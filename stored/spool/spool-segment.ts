import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { must } from "#lib/base/assert.ts";
import type { FileHandle } from "node:fs/promises";

/** A batch in a spool file: [number u32][length u32][batch]. The files never outlive the daemon's run. */
const HEADER_BYTES = 8;

/** What a batch takes in a spool file. */
export function spooledBytes(batch: Uint8Array): number {
  return HEADER_BYTES + batch.byteLength;
}

/**
 * One file of collected batches: written once from front to back, read once, removed. It is open only while it is written or read: a large spool has
 * many segments, and the process not as many descriptors.
 */
export class SpoolSegment implements AsyncDisposable {
  readonly path: string;
  /** Which file it is, whatever comes to lie under its name. */
  readonly #inode: bigint;
  /** For writing; undefined: nothing more is written. */
  #file: FileHandle | undefined;
  #bytes = 0;
  #isSealed = false;

  private constructor(path: string, file: FileHandle, inode: bigint) {
    this.path = path;
    this.#file = file;
    this.#inode = inode;
  }

  /** Makes the file, for the daemon's user alone. JOB_SPOOL_FAILED if that cannot be done, or something of that name is there. */
  static async create(path: string): Promise<SpoolSegment> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    try {
      const file = await open(path, flags, 0o600);
      return new SpoolSegment(path, file, (await file.stat({ bigint: true })).ino);
    } catch (cause) {
      throw new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${path} cannot be made`, { cause });
    }
  }

  /** Bytes of whole batches. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing more may be written to it. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  seal(): void {
    this.#isSealed = true;
  }

  /** Seals it and lets go of its descriptor: it lies there until it is read. Never rejects. */
  async rest(): Promise<void> {
    this.#isSealed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }

  /** Adds a batch. JOB_SPOOL_FAILED when the disk does not take it; of that batch nothing stays. */
  async write(number: number, batch: Uint8Array): Promise<void> {
    const file = must(this.#file, "a spool segment that rests is not written to");
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(number, 0);
    header.writeUInt32BE(batch.byteLength, 4);
    try {
      await writeWhole(file, header, this.#bytes);
      await writeWhole(file, batch, this.#bytes + HEADER_BYTES);
    } catch (cause) {
      await file.truncate(this.#bytes).catch(() => {}); // what is behind the end is never read
      throw new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${this.path} cannot be written`, { cause });
    }
    this.#bytes += spooledBytes(batch);
  }

  /** The batches in their order, each in memory of its own. JOB_SPOOL_FAILED if the file does not give back what was written. */
  async *batches(): AsyncGenerator<{ readonly number: number; readonly batch: Uint8Array<ArrayBuffer> }> {
    if (this.#bytes === 0) return;
    await using file = await this.#reopened(constants.O_RDONLY);
    const header = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; at < this.#bytes;) {
      await this.#readWhole(file, header, at);
      const length = header.readUInt32BE(4);
      if (length > this.#bytes - at - HEADER_BYTES) throw this.#damaged(at);
      const batch = new Uint8Array(length);
      await this.#readWhole(file, batch, at + HEADER_BYTES);
      const number = header.readUInt32BE(0);
      at += HEADER_BYTES + length; // before it is given away: its buffer may go to another thread
      yield { number, batch };
    }
  }

  /** Removes the file, or at least what is in it: the daemon's next start looks for its name again. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { force: true }).catch(async () => await this.#empty().catch(() => {}));
    await this.rest();
  }

  async #empty(): Promise<void> {
    if (this.#file !== undefined) return await this.#file.truncate(0);
    await using file = await this.#reopened(constants.O_WRONLY);
    await file.truncate(0);
  }

  /** Opens it once more; another file of its name is none of ours. */
  async #reopened(flags: number): Promise<FileHandle> {
    const file = await open(this.path, flags | constants.O_NOFOLLOW).catch((cause: unknown) => {
      throw new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${this.path} cannot be opened again`, { cause });
    });
    if ((await file.stat({ bigint: true })).ino === this.#inode) return file;
    await file.close();
    throw new OperatorError("JOB_SPOOL_FAILED", `${this.path} is another file than the data spool file that was made there`);
  }

  async #readWhole(file: FileHandle, into: Uint8Array, address: number): Promise<void> {
    for (let at = 0; at < into.byteLength;) {
      const { bytesRead } = await file.read(into, at, into.byteLength - at, address + at).catch((cause: unknown) => {
        throw new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${this.path} cannot be read at ${address + at}`, {
          cause,
        });
      });
      if (bytesRead === 0) throw this.#damaged(address + at);
      at += bytesRead;
    }
  }

  #damaged(address: number): OperatorError {
    return new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${this.path} is damaged at ${address}`);
  }
}

/** Takes the first of several segments out of their list. */
export function firstOf(segments: SpoolSegment[]): SpoolSegment {
  return must(segments.shift(), "a spool segment");
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, address: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, address + at);
    at += bytesWritten;
  }
}
