import { isShared, sharedBuffer } from "#lib/base/shared-buffer.ts";

/*
 * Memory of received messages. Batches are received into shared memory that is used again: else every one is garbage, and collecting it
 * costs as much as receiving it. Buffers come in few lengths, so that one that is given back fits the next message, and a short message
 * does not hold a long buffer.
 */

const KIB = 1024;

/** Messages from this length on have a buffer that nothing else lies in; shorter ones share theirs and are not used again. */
export const OWN_BUFFER_BYTES_MIN = 64 * KIB;

/** Lengths of buffers that are used again. The longest has room for a whole batch and what is around it. */
const LENGTHS = [128 * KIB, 256 * KIB, 512 * KIB, 768 * KIB, 1024 * KIB + 64 * KIB];

/** Bytes that are kept for messages to come: about what a busy job has under way. Others go to the garbage collector. */
const SPARE_BYTES_MAX = 24 * 1024 * KIB;

const spare = new Map<number, ArrayBuffer[]>(LENGTHS.map((length) => [length, []]));
let spareBytes = 0;

/**
 * Gives the buffer of a received message back: the caller, and nobody else, has used the message and does so no more. The next message
 * that fits is received into it. Where too much is kept, buffers of the length that holds the most are let go, so that those of an
 * earlier job do not stand in the way of this one's.
 */
export function reuseReceived({ buffer }: Uint8Array<ArrayBuffer>): void {
  // Others are not ours: a decoder may have copied the message, and Node may have cut the copy from a buffer that it goes on cutting.
  const same = isShared(buffer) ? spare.get(buffer.byteLength) : undefined;
  if (same === undefined) return;
  same.push(buffer);
  spareBytes += buffer.byteLength;
  while (spareBytes > SPARE_BYTES_MAX) {
    const [length, buffers] = [...spare].reduce((most, other) => (bytesOf(other) > bytesOf(most) ? other : most));
    buffers.pop();
    spareBytes -= length;
  }
}

function bytesOf([length, buffers]: readonly [number, readonly ArrayBuffer[]]): number {
  return length * buffers.length;
}

/** A buffer for a message of so many bytes: for short and very long ones one of its own length, else shared memory. */
export function bufferFor(bytes: number): Buffer<ArrayBuffer> {
  if (bytes < OWN_BUFFER_BYTES_MIN) return Buffer.allocUnsafe(bytes);
  const length = LENGTHS.find((candidate) => candidate >= bytes);
  if (length === undefined) return Buffer.allocUnsafeSlow(bytes);
  const found = spare.get(length)?.pop();
  if (found === undefined) return Buffer.from(sharedBuffer(length), 0, bytes);
  spareBytes -= length;
  return Buffer.from(found, 0, bytes);
}
