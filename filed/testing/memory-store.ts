import { CHUNK_BYTES_MAX, CHUNK_ID_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { ListCursor } from "#lib/chunk/chunk-list.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { DEFAULT_CUT_BOUNDS } from "#lib/chunk/fastcdc.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { BatchBuilder, BatchCursor } from "#lib/wire/record.ts";
import type { SessionId, StoreOffer } from "#proto/data.ts";

/** A store of chunks in memory, which believes nothing that it is sent. */
export class MemoryStore {
  /** Frames by the identity's hex. */
  readonly frames = new Map<string, Buffer>();
  /** Sessions that the store still has: "id/time". */
  readonly sessions = new Set<string>();
  /** Identities that were asked about so far, and frames that came though they were there. */
  asked = 0;
  repeated = 0;
  /** Sessions that were asked to be held. */
  held: SessionId[] = [];
  offer: StoreOffer = {
    store: "6b5f3f0e-1c1a-4a3e-9d34-000000000001",
    epoch: 1,
    domain: "all",
    identity: "sha256",
    ...DEFAULT_CUT_BOUNDS,
    compression: "zstd",
    level: 3,
    session: { volSessionId: 1, volSessionTime: 1_700_000_000 },
  };
  readonly #scratch = new Uint8Array(CHUNK_BYTES_MAX);

  /** Which of these chunks are there: one bit each, lowest first. */
  known(ids: Uint8Array): Buffer {
    const count = ids.byteLength / CHUNK_ID_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > 4096)
      throw new OperatorError("RPC_MESSAGE_INVALID", `${count} identities`);
    this.asked += count;
    const bits = Buffer.alloc(Math.ceil(count / 8));
    for (let number = 0; number < count; number++) {
      const id = Buffer.from(ids.subarray(number * CHUNK_ID_BYTES, (number + 1) * CHUNK_ID_BYTES)).toString("hex");
      if (this.frames.has(id)) bits[number >>> 3]! |= 1 << (number & 7);
    }
    return bits;
  }

  /** Takes a run of frames in; throws for any that is not right. */
  take(run: Uint8Array): void {
    if (run.byteLength === 0) throw new OperatorError("CHUNK_FRAME_INVALID", "a run without chunks");
    const cursor = new FrameCursor(run);
    for (let count = 1; cursor.next(); count++) {
      if (run.byteLength > 1024 * 1024 && count > 1)
        throw new OperatorError("CHUNK_FRAME_INVALID", "a long run of several chunks");
      if (!cursor.isIntact) throw new OperatorError("CHUNK_DAMAGED", "a checksum is wrong");
      const chunk = expandChunk(cursor, this.#scratch);
      if (chunk.kind === "damaged") throw new OperatorError("CHUNK_DAMAGED", chunk.what);
      const id = Buffer.from(cursor.id).toString("hex");
      if (this.frames.has(id)) this.repeated++;
      this.frames.set(id, Buffer.from(run.subarray(cursor.start, cursor.end)));
    }
  }

  /** Throws if a list of the batch names a chunk that has not come. */
  checkLists(batch: Uint8Array): void {
    const records = new BatchCursor(batch);
    while (records.next()) {
      if (records.stream !== streamType.chunkList) continue;
      const list = new ListCursor(records.data);
      while (list.next())
        if (!this.frames.has(Buffer.from(list.id).toString("hex")))
          throw new OperatorError("CHUNK_MISSING", `a list names a chunk at ${list.address} that has not come`);
    }
  }

  /** The batch as a storage daemon sends it to a restore: chunks in place of lists. */
  *expanded(batch: Uint8Array): Generator<Buffer> {
    let builder = new BatchBuilder();
    const put = function* (fileIndex: number, stream: number, data: Uint8Array): Generator<Buffer> {
      if (!builder.fits(data.byteLength)) {
        yield Buffer.from(builder.take());
        builder = new BatchBuilder();
      }
      builder.append(fileIndex, stream, data);
    };
    const records = new BatchCursor(batch);
    while (records.next()) {
      if (records.stream === streamType.chunkList) {
        const list = new ListCursor(records.data);
        while (list.next()) yield* put(records.fileIndex, streamType.chunkData, this.#chunkRecord(list));
      } else yield* put(records.fileIndex, records.stream, records.data);
    }
    if (builder.length > 0) yield Buffer.from(builder.take());
  }

  #chunkRecord(list: ListCursor): Buffer {
    const address = Buffer.alloc(8);
    address.writeBigUInt64BE(BigInt(list.address));
    return Buffer.concat([address, this.frames.get(Buffer.from(list.id).toString("hex"))!]);
  }

  /** The bytes of a chunk. Throws if it has not come. */
  plain(id: Uint8Array): Buffer {
    const run = this.frames.get(Buffer.from(id).toString("hex"));
    if (run === undefined) throw new OperatorError("CHUNK_MISSING", "a list names a chunk that has not come");
    const cursor = new FrameCursor(run);
    cursor.next();
    const chunk = expandChunk(cursor, this.#scratch);
    if (chunk.kind === "damaged") throw new OperatorError("CHUNK_DAMAGED", chunk.what);
    return Buffer.from(chunk.plain);
  }

  /** Which of these sessions the store has. */
  hold(sessions: readonly SessionId[]): boolean[] {
    this.held = [...sessions];
    return sessions.map(({ volSessionId, volSessionTime }) => this.sessions.has(`${volSessionId}/${volSessionTime}`));
  }
}
