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

/** One file of collected batches: written once from front to back, read once, removed. */
export class SpoolSegment implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  #bytes = 0;
  #isSealed = false;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Makes the file, for the daemon's user alone. JOB_SPOOL_FAILED if that cannot be done, or something of that name is there. */
  static async create(path: string): Promise<SpoolSegment> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    try {
      return new SpoolSegment(path, await open(path, flags, 0o600));
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

  /** Adds a batch. JOB_SPOOL_FAILED when the disk does not take it; of that batch nothing stays. */
  async write(number: number, batch: Uint8Array): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(number, 0);
    header.writeUInt32BE(batch.byteLength, 4);
    try {
      await writeWhole(this.#file, header, this.#bytes);
      await writeWhole(this.#file, batch, this.#bytes + HEADER_BYTES);
    } catch (cause) {
      await this.#file.truncate(this.#bytes).catch(() => {}); // what is behind the end is never read
      throw new OperatorError("JOB_SPOOL_FAILED", `the data spool file ${this.path} cannot be written`, { cause });
    }
    this.#bytes += spooledBytes(batch);
  }

  /** The batches in their order, each in memory of its own. JOB_SPOOL_FAILED if the file does not give back what was written. */
  async *batches(): AsyncGenerator<{ readonly number: number; readonly batch: Uint8Array<ArrayBuffer> }> {
    const header = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; at < this.#bytes;) {
      await this.#readWhole(header, at);
      const length = header.readUInt32BE(4);
      if (length > this.#bytes - at - HEADER_BYTES) throw this.#damaged(at);
      const batch = new Uint8Array(length);
      await this.#readWhole(batch, at + HEADER_BYTES);
      const number = header.readUInt32BE(0);
      at += HEADER_BYTES + length; // before it is given away: its buffer may go to another thread
      yield { number, batch };
    }
  }

  /** Removes the file, or at least what is in it: the daemon's next start looks for its name again. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { force: true }).catch(async () => await this.#file.truncate(0).catch(() => {}));
    await this.#file.close().catch(() => {});
  }

  async #readWhole(into: Uint8Array, address: number): Promise<void> {
    for (let at = 0; at < into.byteLength;) {
      const { bytesRead } = await this.#file.read(into, at, into.byteLength - at, address + at).catch((cause: unknown) => {
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
