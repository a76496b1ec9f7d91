import { CHUNK_BYTES_MAX, FRAME_HEADER_BYTES, FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import type { CareDomain } from "./care-domain.ts";

/**
 * Takes those chunks of a run of frames that are wanted and good into a container of their own, durably; answers how many. Others are
 * left out. CHUNK_FRAME_INVALID, STORE_FULL.
 */
export async function mend(domain: CareDomain, frames: Uint8Array<ArrayBuffer>): Promise<number> {
  const scratch = new Uint8Array(CHUNK_BYTES_MAX);
  const good: { readonly id: Uint8Array; readonly frame: Uint8Array<ArrayBuffer> }[] = [];
  for (const frame = new FrameCursor(frames); frame.next();) {
    if (!domain.wanted.has(frame.id) || domain.index.find(frame.id)) continue;
    if (!frame.isIntact || expandChunk(frame, scratch).kind === "damaged") continue;
    good.push({ id: Uint8Array.from(frame.id), frame: frames.subarray(frame.start, frame.end) });
  }
  if (good.length === 0) return 0;
  const writer = await domain.newContainer();
  const places: { readonly id: Uint8Array; readonly offset: number; readonly bytes: number }[] = [];
  try {
    for (const { id, frame } of good) {
      const cursor = new FrameCursor(frame);
      cursor.next();
      places.push({ id, offset: writer.place(cursor, id), bytes: FRAME_HEADER_BYTES + cursor.storedBytes });
    }
    await writer.write(good.map(({ frame }) => frame));
    await domain.sealContainer(writer);
  } catch (error) {
    await writer.discard();
    throw error;
  }
  for (const { id, offset, bytes } of places) {
    if (!domain.index.find(id)) domain.index.set(id, 0, { container: writer.number, offset, bytes });
    domain.wanted.mended(id);
  }
  await domain.wanted.save();
  return good.length;
}
