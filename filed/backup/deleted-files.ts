import { bytesOf } from "#lib/base/byte-string.ts";
import { fileType, streamType } from "#lib/streams/stream-type.ts";
import { RecordWriter } from "./record-writer.ts";

/**
 * Attribute records that say of files that they are gone since the jobs before; the catalog then hides them. `deleted`: `name NUL
 * LStat` each, as the accurate list has them. FileIndexes go on after `lastFileIndex`.
 */
export function* deletedBatches(deleted: readonly string[], lastFileIndex: number): Generator<Uint8Array<ArrayBuffer>> {
  const ready: Uint8Array<ArrayBuffer>[] = [];
  const writer = new RecordWriter({ full: (batch) => void ready.push(batch) });
  let fileIndex = lastFileIndex;
  for (const nameAndStat of deleted) {
    fileIndex += 1;
    // Name and LStat, then no link, no extended attributes, DeltaSeq 0.
    const text = `${fileIndex} ${fileType.deleted} ${nameAndStat}\0\0\x000\0`;
    writer.append(fileIndex, streamType.attributes, bytesOf(text));
    yield* ready.splice(0);
  }
  writer.flush();
  yield* ready;
}
