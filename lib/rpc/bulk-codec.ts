import { declareFrameRoom } from "./grpc-internals.ts";
import { AppendRequest, ReadReply, StorageDataService } from "#proto/data.ts";

/*
 * The one codec for file data. What ts-proto generates copies a `bytes` field twice on the way out and once on the way in; here a
 * batch (of records or of chunks) is copied once at most (and not at all, not even by grpc-js, if it has headroom), and a received batch is a view of the message.
 */

/** Tags (field number << 3 | 2) of `records` and `chunks` in AppendRequest, and of `records` in ReadReply. */
const APPEND_RECORDS_TAG = (2 << 3) | 2;
const APPEND_CHUNKS_TAG = (5 << 3) | 2;
const READ_RECORDS_TAG = (1 << 3) | 2;

/** Most bytes that the frame of gRPC, tag and length take before a batch. */
const PREFIX_BYTES_MAX = 5 + 6;

const withHeadroom = new WeakSet<ArrayBufferLike>();

/**
 * Declares that the bytes before this batch in its buffer are free (as BatchBuilder leaves them), so that the message's tag and
 * length may be written there instead of copying the batch. The buffer must hold nothing else before the batch.
 */
export function declareHeadroom(batch: Uint8Array): Buffer {
  withHeadroom.add(batch.buffer);
  return Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
}

/** `StorageDataService` with a codec that leaves batches alone. Use it on both sides in place of the generated one. */
export const bulkStorageData = {
  append: {
    ...StorageDataService.append,
    requestSerialize: (value: AppendRequest): Buffer => {
      if (value.step?.$case === "records") return prefixed(APPEND_RECORDS_TAG, value.step.value);
      if (value.step?.$case === "chunks") return prefixed(APPEND_CHUNKS_TAG, value.step.value);
      return StorageDataService.append.requestSerialize(value);
    },
    requestDeserialize: (bytes: Buffer): AppendRequest => {
      const records = onlyField(APPEND_RECORDS_TAG, bytes);
      if (records !== undefined) return { step: { $case: "records", value: records } };
      const chunks = onlyField(APPEND_CHUNKS_TAG, bytes);
      return chunks === undefined ? AppendRequest.decode(bytes) : { step: { $case: "chunks", value: chunks } };
    },
  },
  read: {
    ...StorageDataService.read,
    responseSerialize: (value: ReadReply): Buffer =>
      value.step?.$case === "records"
        ? prefixed(READ_RECORDS_TAG, value.step.value)
        : StorageDataService.read.responseSerialize(value),
    responseDeserialize: (bytes: Buffer): ReadReply => {
      const records = onlyField(READ_RECORDS_TAG, bytes);
      return records === undefined ? ReadReply.decode(bytes) : { step: { $case: "records", value: records } };
    },
  },
  receive: StorageDataService.receive,
} as const;

/** The batch as a message with one field: in its own buffer if there is declared headroom, else in a copy. */
function prefixed(tag: number, batch: Uint8Array): Buffer {
  const prefixBytes = 1 + varintBytes(batch.byteLength);
  const isFree = batch.byteOffset >= PREFIX_BYTES_MAX && withHeadroom.has(batch.buffer);
  let message: Buffer;
  if (isFree) {
    message = declareFrameRoom(Buffer.from(batch.buffer, batch.byteOffset - prefixBytes, prefixBytes + batch.byteLength));
  } else {
    message = Buffer.allocUnsafe(prefixBytes + batch.byteLength);
    message.set(batch, prefixBytes);
  }
  message[0] = tag;
  let rest = batch.byteLength;
  for (let at = 1; at < prefixBytes; at++) {
    message[at] = (rest & 0x7f) | (at < prefixBytes - 1 ? 0x80 : 0);
    rest >>>= 7;
  }
  return message;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
}

/** The field's bytes as a view, if the message is exactly that one field; else undefined: the general decoder judges it. */
function onlyField(tag: number, message: Buffer): Buffer | undefined {
  if (message[0] !== tag) return undefined;
  let length = 0;
  let at = 1;
  for (; at <= 5; at++) {
    const byte = message[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * (at - 1));
    if (byte < 0x80) break;
  }
  at += 1;
  return at + length === message.byteLength ? message.subarray(at) : undefined;
}
