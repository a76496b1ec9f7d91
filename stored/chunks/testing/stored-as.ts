import { open } from "node:fs/promises";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { containerPath } from "../container-name.ts";
import { idsOf } from "./store-bench.ts";
import type { SessionKey } from "../../volume/block.ts";
import type { StoreServer } from "../store-server.ts";

/** Whether each chunk is located and is, read from its container, what was stored. */
export async function storedAs(server: StoreServer, session: SessionKey, plains: readonly Uint8Array[]): Promise<boolean[]> {
  const places = await server.call("locate", { session, ids: idsOf(plains) });
  return await Promise.all(
    plains.map(async (plain, i) => {
      if (places.containers[i] === 0) return false;
      await using file = await open(containerPath(places.directory, places.containers[i]!), "r");
      const { buffer } = await file.read(Buffer.alloc(places.bytes[i]!), 0, places.bytes[i]!, places.offsets[i]!);
      const frame = new FrameCursor(buffer);
      const chunk = frame.next() ? expandChunk(frame, new Uint8Array(frame.plainBytes)) : undefined;
      return chunk?.kind === "good" && Buffer.compare(chunk.plain, plain) === 0;
    }),
  );
}
