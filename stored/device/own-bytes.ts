import { isShared } from "#lib/base/shared-buffer.ts";

/** Messages of this length and more are received into buffers of their own (lib/rpc/grpc-internals.ts); shorter ones share them. */
const OWN_BYTES_MIN = 64 * 1024;

/** Received bytes in a buffer that may be given to another thread: their own one if they have one, else a copy. */
export function ownBytes(received: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = received;
  if (byteLength >= OWN_BYTES_MIN && (buffer instanceof ArrayBuffer || isShared(buffer)))
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return Uint8Array.from(received);
}
