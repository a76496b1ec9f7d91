import { FRAME_HEADER_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { ContainerDirectory, DIRECTORY_ENTRY_BYTES, putEntry } from "./container-format.ts";

/** Bytes of frames that are looked at for each byte searched, so that a container made to be searched for ever is not. */
const LOOKS_MAX = 8;

/** What was found by going from frame to frame. */
export interface SalvagedFrames {
  readonly directory: ContainerDirectory;
  /** Stretches of bytes between them that are no intact frame. */
  readonly gaps: number;
}

/**
 * Finds the intact frames between `from` and `end` of a container's bytes, without its directory. Behind a damaged stretch any byte
 * may begin a frame; since a client chose the bytes of its chunks, what is found there must also be what its identity says.
 */
export function salvageFrames(bytes: Buffer, from: number, end: number): SalvagedFrames {
  const entries: Buffer[] = [];
  let scratch = new Uint8Array(0);
  let budget = (end - from) * LOOKS_MAX;
  let gaps = 0;
  let isInGap = false;
  let at = from;
  while (end - at >= FRAME_HEADER_BYTES && budget > 0) {
    const frame = mayBegin(bytes, at) ? frameAt(bytes, at, end) : undefined;
    if (frame !== undefined) {
      budget -= frame.end;
      if (gaps > 0 && scratch.byteLength < frame.plainBytes) scratch = new Uint8Array(frame.plainBytes);
      const isGood = frame.isIntact && (gaps === 0 || expandChunk(frame, scratch).kind === "good");
      if (isGood) {
        const entry = Buffer.alloc(DIRECTORY_ENTRY_BYTES);
        const { id, storedBytes, plainBytes, method, level } = frame;
        putEntry(entry, 0, { id, offset: at, storedBytes, plainBytes, method, level });
        entries.push(entry);
        at += frame.end;
        isInGap = false;
        continue;
      }
    }
    if (!isInGap) gaps += 1;
    isInGap = true;
    at += 1;
  }
  if (at < end && !isInGap) gaps += 1;
  return { directory: new ContainerDirectory(Buffer.concat(entries)), gaps };
}

/** A first look at the bytes of a header that are the same in all. */
function mayBegin(bytes: Buffer, at: number): boolean {
  return bytes[at]! <= 1 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}

function frameAt(bytes: Buffer, at: number, end: number): FrameCursor | undefined {
  try {
    const frame = new FrameCursor(bytes.subarray(at, end));
    return frame.next() ? frame : undefined;
  } catch {
    return undefined;
  }
}
