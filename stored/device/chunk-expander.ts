import { BatchBuilder, BatchCursor } from "#lib/wire/record.ts";
import { CHUNK_ID_BYTES, FRAME_HEADER_BYTES } from "#lib/chunk/chunk-frame.ts";
import { must } from "#lib/base/assert.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { FrameReader } from "./frame-reader.ts";
import { ListWindows } from "./list-window.ts";
import type { ChunkPlaces } from "../chunks/store-calls.ts";
import type { FailedFrame, WantedFrame } from "./frame-reader.ts";
import type { ListWindow, ListedChunk } from "./list-window.ts";
import type { ReadItem } from "../volume/volume-reader.ts";
import type { SessionKey } from "../volume/block.ts";

/** Says where the chunks of a saved session lie. Offline the store itself does; in the daemon its thread is asked. */
export type Locate = (session: SessionKey, ids: Uint8Array) => Promise<ChunkPlaces>;

/** A batch is closed when it has grown to this: the buffers of a restore are all about as full as they can be. */
const BATCH_TARGET_BYTES = 832 * 1024;

/** Bytes before the frame in a record of chunkData: the chunk's address in the file. */
const ADDRESS_BYTES = 8;

/** A frame with its place in what is handed out. */
interface PlacedFrame extends WantedFrame {
  readonly chunk: ListedChunk;
  /** Which item is the batch, and where in the batch the record starts. */
  readonly itemAt: number;
  readonly recordAt: number;
}

/**
 * Puts chunks in the place of lists: a record of chunkList becomes records of chunkData, one for each chunk, in order. Works in windows
 * of about 8 MiB, whose frames are read in the order of their containers. A chunk that cannot be had is told as damage, and its record
 * of chunkData holds the address alone, so that who restores knows which file is concerned.
 */
export class ChunkExpander implements Disposable {
  readonly #locate: Locate;
  readonly #windows = new ListWindows();
  readonly #frames = new FrameReader();
  readonly #builder: BatchBuilder;
  #items: ReadItem[] = [];
  #damages: string[] = [];
  #freed: ArrayBuffer[] = [];

  /** `spare`: buffers of batches that came back, to be shared with who reads the Volume. */
  constructor(locate: Locate, spare: ArrayBuffer[] = []) {
    this.#locate = locate;
    this.#builder = new BatchBuilder({ isShared: true, spare });
  }

  /** Adds what was read from a Volume. */
  add(items: readonly ReadItem[]): void {
    this.#windows.add(items);
  }

  /** Whether nothing waits any more. */
  get isEmpty(): boolean {
    return this.#windows.isEmpty;
  }

  /** Takes back the buffer of a batch that was handed out and that nobody uses any more; false if there are enough. */
  recycle(buffer: ArrayBuffer): boolean {
    return this.#builder.recycle(buffer);
  }

  /** Buffers of batches that were added and are used up. */
  takeFreed(): ArrayBuffer[] {
    const freed = this.#freed;
    this.#freed = [];
    return freed;
  }

  /** Damage since this was last asked, one line each. */
  takeDamages(): string[] {
    const damages = this.#damages;
    this.#damages = [];
    return damages;
  }

  /** The next window of what was added, with chunks for lists; empty when nothing waits. Rejects if the store cannot be asked. */
  async take(): Promise<ReadItem[]> {
    const window = this.#windows.next();
    this.#damages.push(...window.damages);
    const places = window.ids.byteLength === 0 ? undefined : await this.#locate(window.session, Uint8Array.from(window.ids));
    const placed = this.#layOut(window, places);
    const failed = await this.#read(placed, window.session);
    for (const { frame, what } of failed) this.#damages.push(damageText(window.jobId, frame, what));
    const items = withoutFrames(
      this.#items,
      failed.map(({ frame }) => frame),
    );
    this.#items = [];
    this.#freed.push(...window.used);
    return items;
  }

  [Symbol.dispose](): void {
    this.#frames[Symbol.dispose]();
  }

  /** Lays the window out in batches, with room for each chunk's frame; answers what is to be read into that room. */
  #layOut(window: ListWindow, places: ChunkPlaces | undefined): readonly PlacedFrame[] {
    const placed: PlacedFrame[] = [];
    for (const step of window.steps) {
      if (step.kind === "item") {
        this.#closeBatch();
        this.#items.push(step.item);
        continue;
      }
      if (step.kind === "record") {
        if (!this.#builder.fits(step.data.byteLength)) this.#closeBatch();
        this.#builder.append(step.fileIndex, step.stream, step.data);
      } else placed.push(this.#place(step.chunk, window.ids, must(places, "places of chunks"), placed.length));
      if (this.#builder.length >= BATCH_TARGET_BYTES) this.#closeBatch();
    }
    this.#closeBatch();
    return placed;
  }

  /** Writes the record of a chunk but for its frame. */
  #place(chunk: ListedChunk, ids: Uint8Array, places: ChunkPlaces, at: number): PlacedFrame {
    const bytesThere = must(places.bytes[at], "a length");
    // A frame is never longer than its chunk: a list that says otherwise would make a window of any size.
    const isPossible = bytesThere <= FRAME_HEADER_BYTES + chunk.plainBytes;
    const container = isPossible ? must(places.containers[at], "a container") : 0;
    const bytes = container === 0 ? 0 : bytesThere;
    if (!this.#builder.fits(ADDRESS_BYTES + bytes)) this.#closeBatch();
    const recordAt = this.#builder.length;
    const room = this.#builder.reserve(chunk.fileIndex, streamType.chunkData, ADDRESS_BYTES + bytes);
    this.#builder.commit(ADDRESS_BYTES + bytes);
    const view = new DataView(room.buffer, room.byteOffset, ADDRESS_BYTES);
    view.setUint32(0, Math.floor(chunk.address / 2 ** 32));
    view.setUint32(4, chunk.address >>> 0);
    return {
      chunk,
      id: ids.subarray(at * CHUNK_ID_BYTES, (at + 1) * CHUNK_ID_BYTES),
      directory: places.directory,
      container,
      offset: must(places.offsets[at], "an address"),
      into: room.subarray(ADDRESS_BYTES),
      itemAt: this.#items.length,
      recordAt,
    };
  }

  /** Reads the frames. Those that a collection has moved meanwhile are located and read once more; answers what cannot be had. */
  async #read(placed: readonly PlacedFrame[], session: SessionKey): Promise<readonly FailedFrame<PlacedFrame>[]> {
    const lost = placed
      .filter(({ container }) => container === 0)
      .map((frame) => ({ frame, what: "it is not in the store, or not of this length" }));
    const failed = this.#frames.read(placed.filter(({ container }) => container !== 0));
    if (failed.length === 0) return lost;
    const places = await this.#locate(session, Buffer.concat(failed.map(({ frame }) => frame.id)));
    for (const [at, { frame, what }] of failed.entries()) {
      const container = must(places.containers[at], "a container");
      const offset = must(places.offsets[at], "an address");
      const hasMoved = container !== 0 && (container !== frame.container || offset !== frame.offset);
      const isMended =
        hasMoved &&
        places.bytes[at] === frame.into.byteLength &&
        this.#frames.read([{ ...frame, directory: places.directory, container, offset }]).length === 0;
      if (!isMended) lost.push({ frame, what });
    }
    return lost;
  }

  #closeBatch(): void {
    if (this.#builder.length > 0) this.#items.push({ kind: "batch", batch: this.#builder.take() });
  }
}

function damageText(jobId: number, { chunk, container, id }: PlacedFrame, what: string): string {
  const where = container === 0 ? "" : `, container ${container.toString(16).padStart(8, "0")}`;
  return (
    `JobId ${jobId}, FileIndex ${chunk.fileIndex}: ${chunk.plainBytes} bytes at ${chunk.address} of the file cannot be restored: ` +
    `${what} (chunk ${Buffer.from(id).toString("hex")}${where})`
  );
}

/** The items with these frames cut out of their batches: what is left of their records is the address. */
function withoutFrames(items: readonly ReadItem[], frames: readonly PlacedFrame[]): ReadItem[] {
  const cut = Map.groupBy(
    frames.filter(({ into }) => into.byteLength > 0),
    ({ itemAt }) => itemAt,
  );
  return items.map((item, at) => {
    const starts = new Set(cut.get(at)?.map(({ recordAt }) => recordAt));
    return item.kind === "batch" && starts.size > 0 ? { kind: "batch", batch: shortened(item.batch, starts) } : item;
  });
}

function shortened(batch: Uint8Array, starts: ReadonlySet<number>): Uint8Array<ArrayBuffer> {
  const builder = new BatchBuilder();
  const cursor = new BatchCursor(batch);
  while (cursor.next()) {
    const { fileIndex, stream, data } = cursor;
    builder.append(fileIndex, stream, starts.has(cursor.start) ? data.subarray(0, ADDRESS_BYTES) : data);
  }
  return builder.take();
}
