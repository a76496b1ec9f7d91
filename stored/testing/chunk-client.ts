import { hash } from "node:crypto";
import { must } from "#lib/base/assert.ts";
import { FRAME_HEADER_BYTES, FrameCursor, chunkMethod, writeFrameHeader } from "#lib/chunk/chunk-frame.ts";
import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, putListAddress, putListEntry } from "#lib/chunk/chunk-list.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { zstd } from "#lib/codec/zstd.ts";
import { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { streamType } from "#lib/streams/stream-type.ts";
import { BatchBuilder, readBatch } from "#lib/wire/record.ts";
import type { AppendReply, AppendRequest, StoreOffer } from "#proto/data.ts";
import type { StartStorageJobRequest } from "#proto/stored.ts";
import type { StorageWorld } from "./storage-world.ts";

/** Chunks of the files that these tests save: cut at fixed distances. */
const CHUNK_BYTES = 100_000;

/** A chunk as it travels. */
export function frameOf(plain: Uint8Array): Buffer {
  const id = hash("sha256", plain, "buffer");
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + plain.byteLength);
  const packed = zstd().compress(frame.subarray(FRAME_HEADER_BYTES, frame.byteLength - 1), plain, 3);
  if (packed === 0) frame.set(plain, FRAME_HEADER_BYTES);
  const storedBytes = packed || plain.byteLength;
  const method = packed > 0 ? chunkMethod.zstd : chunkMethod.raw;
  writeFrameHeader(frame, 0, { method, level: packed > 0 ? 3 : 0, plainBytes: plain.byteLength, storedBytes }, id);
  return frame.subarray(0, FRAME_HEADER_BYTES + storedBytes);
}

/** The chunks of a file, in order. */
export function chunksOf(file: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < file.byteLength; at += CHUNK_BYTES) chunks.push(file.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

/** The record that stands for a file's data. */
export function listOf(file: Uint8Array): Uint8Array {
  const chunks = chunksOf(file);
  const record = new Uint8Array(LIST_HEADER_BYTES + chunks.length * LIST_ENTRY_BYTES);
  putListAddress(record, 0);
  for (const [index, chunk] of chunks.entries())
    putListEntry(record, LIST_HEADER_BYTES + index * LIST_ENTRY_BYTES, chunk.byteLength, hash("sha256", chunk, "buffer"));
  return record;
}

/** How a stream of this client went. */
export interface ChunkStream {
  readonly offer: StoreOffer | undefined;
  readonly last: AppendReply | undefined;
  /** Chunks that were asked for, and those that were sent. */
  readonly asked: number;
  readonly sent: number;
}

/** Saves files as a file daemon with deduplication does: asks, sends what is missing, then the records. */
export async function saveChunks(
  world: StorageWorld,
  request: StartStorageJobRequest,
  files: readonly Uint8Array[],
): Promise<ChunkStream> {
  await using stream = await ChunkConnection.open(world, request);
  const counts = { asked: 0, sent: 0 };
  const { offer } = stream;
  let number = stream.acknowledged;
  const builder = new BatchBuilder();
  for (const [index, file] of files.entries()) {
    const chunks = chunksOf(file);
    const known = await stream.ask(idsOf(file));
    counts.asked += chunks.length;
    for (const [at, chunk] of chunks.entries()) {
      if (((known[at >> 3] ?? 0) >> (at & 7)) & 1) continue;
      counts.sent += 1;
      await stream.write({ $case: "chunks", value: frameOf(chunk) });
      number += 1;
    }
    builder.append(
      index + 1,
      streamType.attributes,
      Buffer.from(`${index + 1} 3 /data/${index}\0P0A IGk B A A A ${file.byteLength} A\0\0\x000\0`),
    );
    if (chunks.length > 0) builder.append(index + 1, streamType.chunkList, listOf(file));
    await stream.write({ $case: "records", value: asBuffer(builder.take()) });
    number += 1;
  }
  await stream.write({ $case: "end", value: { batches: number, status: "T", errors: 0 } });
  return { offer, last: await stream.end(), ...counts };
}

/** What a stream is written to. */
interface AppendCall {
  write(request: AppendRequest): Promise<void>;
}

/** One Append stream, played by hand. */
export class ChunkConnection implements AsyncDisposable {
  readonly #call: AppendCall;
  readonly #close: () => Promise<void>;
  readonly #replies: AsyncIterator<AppendReply>;
  readonly offer: StoreOffer | undefined;
  acknowledged: number;
  #last: AppendReply | undefined;

  private constructor(call: AppendCall, close: () => Promise<void>, replies: AsyncIterator<AppendReply>, first: AppendReply) {
    this.#call = call;
    this.#close = close;
    this.#replies = replies;
    this.offer = first.store;
    this.acknowledged = first.batches;
    this.#last = first;
  }

  /** Opens a stream and hears its first reply. */
  static async open(world: StorageWorld, request: StartStorageJobRequest): Promise<ChunkConnection> {
    const client = await world.client();
    const call = await client.bidi(bulkStorageData.append);
    await call.write({ step: { $case: "open", value: { job: request.job, key: request.key } } });
    const replies = call[Symbol.asyncIterator]();
    const first = must((await replies.next()).value as AppendReply | undefined, "a first reply");
    const close = async () => {
      call.cancel();
      await client[Symbol.asyncDispose]();
    };
    return new ChunkConnection(call, close, replies, first);
  }

  async write(step: NonNullable<AppendRequest["step"]>): Promise<void> {
    await this.#call.write({ step });
  }

  /** Asks, and reads replies up to the answer. */
  async ask(ids: Buffer): Promise<Uint8Array> {
    if (ids.byteLength === 0) return ids;
    await this.write({ $case: "ask", value: ids });
    return (await this.#until((reply) => reply.known.byteLength > 0)).known;
  }

  /** Asks for sessions to be held. */
  async hold(
    sessions: readonly { readonly volSessionId: number; readonly volSessionTime: number }[],
  ): Promise<readonly boolean[]> {
    await this.write({ $case: "hold", value: { sessions: [...sessions] } });
    return (await this.#until((reply) => reply.held !== undefined)).held?.held ?? [];
  }

  /** Reads replies until so many are acknowledged. */
  async untilAcknowledged(number: number): Promise<void> {
    if (this.acknowledged < number) await this.#until((reply) => reply.batches >= number);
  }

  /** Reads to the last reply. */
  async end(): Promise<AppendReply | undefined> {
    return await this.#until((reply) => reply.ended || reply.failed !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #until(isWanted: (reply: AppendReply) => boolean): Promise<AppendReply> {
    for (;;) {
      const { value, done } = await this.#replies.next();
      if (done === true) return must(this.#last, "a reply");
      this.#last = value;
      this.acknowledged = value.batches;
      if (isWanted(value) || value.failed !== "") return value;
    }
  }
}

/** Files of what a restore sends: expanded from chunkData, by FileIndex; `damaged` where a chunk came without its frame. */
export function filesOf(records: Uint8Array): Map<number, { readonly data: Buffer; readonly isDamaged: boolean }> {
  const files = new Map<number, { data: Buffer; isDamaged: boolean }>();
  const scratch = new Uint8Array(8 * 1024 * 1024);
  for (let at = 0; at < records.byteLength;) {
    const size = Buffer.from(records.buffer, records.byteOffset + at).readUInt32BE(8);
    for (const { fileIndex, stream, data } of readBatch(records.subarray(at, at + 12 + size))) {
      if (stream !== streamType.chunkData) continue;
      const file = files.get(fileIndex) ?? { data: Buffer.alloc(0), isDamaged: false };
      files.set(fileIndex, file);
      const frame = new FrameCursor(data.subarray(8));
      const expanded = frame.next() ? expandChunk(frame, scratch) : undefined;
      const address = Number(Buffer.from(data).readBigUInt64BE());
      if (expanded?.kind === "good" && address === file.data.byteLength) file.data = Buffer.concat([file.data, expanded.plain]);
      else file.isDamaged = true;
    }
    at += 12 + size;
  }
  return files;
}

/** Identities of a file's chunks, one after the other. */
export function idsOf(file: Uint8Array): Buffer {
  return Buffer.concat(chunksOf(file).map((chunk) => hash("sha256", chunk, "buffer")));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
