import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, ListCursor } from "#lib/chunk/chunk-list.ts";
import { streamKind, streamType } from "#lib/streams/stream-type.ts";
import type { ChunkCounts } from "./chunk-counts.ts";
import type { ChunkStage } from "./chunk-stage.ts";
import type { RecordWriter } from "./record-writer.ts";
import { readRemembered } from "./remembered.ts";

/** Writes remembered records under a new FileIndex; answers the bytes of file data, ACLs and attributes that they stand for. */
export function writeRemembered(
  writer: RecordWriter,
  fileIndex: number,
  remembered: Uint8Array,
  counts: Pick<ChunkCounts, "chunks" | "fileBytes">,
): number {
  let bytes = 0;
  for (const { stream, data } of readRemembered(remembered)) {
    writer.append(fileIndex, stream, data);
    if (stream === streamType.chunkList) {
      const listed = listedBytes(data);
      counts.chunks += (data.byteLength - LIST_HEADER_BYTES) / LIST_ENTRY_BYTES;
      counts.fileBytes += listed;
      bytes += listed;
    } else if (streamKind(stream).kind !== "digest") bytes += data.byteLength;
  }
  return bytes;
}

/** The store has the chunks that an entry consisted of, so that what has not changed of it needs no question. */
export function knowRemembered(remembered: Uint8Array, stage: ChunkStage): void {
  for (const { stream, data } of readRemembered(remembered)) {
    if (stream !== streamType.chunkList) continue;
    const list = new ListCursor(data);
    while (list.next()) stage.know(Buffer.from(list.id.buffer, list.id.byteOffset, list.id.byteLength));
  }
}

function listedBytes(data: Uint8Array): number {
  const list = new ListCursor(data);
  const start = list.address;
  while (list.next());
  return list.address + list.plainBytes - start;
}
