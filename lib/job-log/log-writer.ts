import { open, type FileHandle } from "node:fs/promises";
import type { Clock } from "#lib/base/clock.ts";
import { must } from "#lib/base/assert.ts";
import { entryHeader } from "./entry.ts";
import { createSegment, SEGMENT_BYTES, type Segment } from "./segments.ts";

/** An event on its way to the disk. */
interface Pending {
  readonly number: number;
  readonly payload: Buffer;
}

/** What a writer tells its owner. */
export interface WriterEvents {
  /** All events up to this number survive a power cut. */
  synced(number: number): void;
  /** Writing failed; it is tried again until it succeeds or the writer is closed. */
  trouble(error: unknown): void;
}

/** Pause after a failed write. */
const RETRY_MS = 5_000;

/**
 * Puts events on disk in order: all that wait are written together and synced once. A failure (disk full) is no end: the same
 * bytes are written again at the same place until it works.
 */
export class LogWriter {
  readonly #directory: string;
  readonly #segments: Segment[];
  readonly #events: WriterEvents;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #file: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  #loop: Promise<void> | undefined;

  constructor(directory: string, segments: Segment[], events: WriterEvents, clock: Clock) {
    this.#directory = directory;
    this.#segments = segments;
    this.#events = events;
    this.#clock = clock;
  }

  /** Bytes that wait in memory. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Takes an event; it will be written soon. */
  push(number: number, payload: Buffer): void {
    this.#pending.push({ number, payload });
    this.#pendingBytes += payload.byteLength;
    this.#loop ??= this.#run().finally(() => {
      // What comes after the close is written still, but nobody else would let go of the file.
      if (this.#closed.signal.aborted) this.#letGo().catch((error: unknown) => this.#events.trouble(error));
    });
  }

  /** Writes what waits (unless the disk refuses) and closes the file. */
  async close(): Promise<void> {
    this.#closed.abort(new Error("the job log is closed"));
    await this.#loop;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate); // what is appended in the same turn goes out together
    try {
      await this.#writePending();
    } finally {
      this.#loop = undefined; // in the turn in which nothing was left: an event that comes later begins a loop of its own
    }
  }

  async #writePending(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      try {
        const taken = await this.#write(batch);
        this.#pending = this.#pending.slice(taken.count);
        this.#pendingBytes -= taken.bytes;
        this.#events.synced(must(batch[taken.count - 1], "the last event written").number);
      } catch (error) {
        this.#events.trouble(error);
        if (this.#closed.signal.aborted) return;
        await this.#clock.sleep(RETRY_MS, this.#closed.signal).catch(() => {});
      }
    }
  }

  /** Writes as many events as fit the current segment (one at least) and syncs them. */
  async #write(batch: readonly Pending[]): Promise<{ count: number; bytes: number }> {
    const { handle, segment } = await this.#fileFor(must(batch[0], "an event to write").number);
    const parts: Uint8Array[] = [];
    let count = 0;
    let bytes = 0;
    let end = segment.bytes;
    for (const { number, payload } of batch) {
      if (count > 0 && end > SEGMENT_BYTES) break;
      const header = entryHeader(number, payload);
      parts.push(header, payload);
      end += header.byteLength + payload.byteLength;
      bytes += payload.byteLength;
      count += 1;
    }
    await writeAll(handle, Buffer.concat(parts), segment.bytes);
    await handle.datasync();
    segment.bytes = end;
    return { count, bytes };
  }

  async #fileFor(number: number): Promise<{ readonly handle: FileHandle; readonly segment: Segment }> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes < SEGMENT_BYTES) {
      this.#file ??= { handle: await openAt(last), segment: last };
      return this.#file;
    }
    await this.#letGo();
    const { segment, file } = await createSegment(this.#directory, number);
    this.#segments.push(segment);
    this.#file = { handle: file, segment };
    return this.#file;
  }
}

/** Opens a segment for going on; what lies behind its good bytes is cut off. */
async function openAt(segment: Segment): Promise<FileHandle> {
  const handle = await open(segment.path, "r+");
  await handle.truncate(segment.bytes);
  return handle;
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}
