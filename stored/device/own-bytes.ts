import { isShared } from "#lib/base/shared-buffer.ts";
import { OWN_BUFFER_BYTES_MIN } from "#lib/rpc/received-buffers.ts";

/** Received bytes in a buffer that may be given to another thread: their own one if they have one, else a copy. */
export function ownBytes(received: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = received;
  if (byteLength >= OWN_BUFFER_BYTES_MIN && (buffer instanceof ArrayBuffer || isShared(buffer)))
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return Uint8Array.from(received);
}
