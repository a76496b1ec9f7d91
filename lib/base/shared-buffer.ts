/*
 * Buffers that go round between threads. A buffer that is transferred is a new object at the other side, and V8 counts its bytes as new
 * each time: at the rate of a backup that makes the garbage collector run all the time (a fifth of a main thread's CPU). A shared one is seen
 * by both sides and counted by none.
 */

/**
 * Shared memory of so many bytes, zeroed. Whoever posts it must not touch it until it comes back. It is typed as an ArrayBuffer, of which it can
 * do all that is done here, so that views need not be of two kinds.
 */
export function sharedBuffer(bytes: number): ArrayBuffer {
  return new SharedArrayBuffer(bytes) as unknown as ArrayBuffer;
}

/** Whether a buffer is shared memory. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return buffer instanceof SharedArrayBuffer;
}

/** What of a message's buffers and ports is to be transferred: all but shared buffers. */
export function toTransfer<T extends object>(parts: readonly T[]): T[] {
  return parts.filter((part) => !(part instanceof SharedArrayBuffer));
}
