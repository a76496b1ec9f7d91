import { open } from "node:fs/promises";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { containerPath } from "../../container-name.ts";
import { idsOf } from "../../testing/store-bench.ts";
import type { ChunkStore } from "../../chunk-store.ts";
import type { SessionKey } from "../../../volume/block.ts";

/** Reads chunks of a session as a restore does; answers what is wrong, undefined if each is there, byte for byte. */
export async function readChunks(
  store: ChunkStore,
  session: SessionKey,
  plains: readonly Uint8Array[],
): Promise<string | undefined> {
  const places = await store.locate(session, idsOf(plains));
  for (const [i, plain] of plains.entries()) {
    const [number, offset, bytes] = [places.containers[i] ?? 0, places.offsets[i] ?? 0, places.bytes[i] ?? 0];
    if (number === 0) return `chunk ${i} of session ${session.id} is not known`;
    const problem = await readFrame(containerPath(places.directory, number), offset, bytes, plain);
    if (problem !== undefined) return `chunk ${i} of session ${session.id} in container ${number}: ${problem}`;
  }
  return undefined;
}

async function readFrame(path: string, offset: number, bytes: number, plain: Uint8Array): Promise<string | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "the container is not there";
  try {
    const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
    const frame = new FrameCursor(buffer);
    if (!frame.next() || !frame.isIntact) return "the frame is not intact";
    const chunk = expandChunk(frame, new Uint8Array(frame.plainBytes));
    if (chunk.kind === "damaged") return chunk.what;
    return Buffer.compare(chunk.plain, plain) === 0 ? undefined : "the bytes are others";
  } finally {
    await file.close();
  }
}
