import type { JobEnd } from "#proto/job.ts";
import type { DedupFacts } from "./report.ts";

/**
 * What the two halves of a job say of a store of chunks, as one; null if neither used one. The client knows what its files are made of
 * and what it need not read; the storage daemon knows what was new to the store: two clients may send the same chunk at once.
 */
export function dedupFacts(fd: JobEnd | null, sd: JobEnd | null): DedupFacts | null {
  const client = fd?.dedup;
  const store = sd?.dedup;
  const files = client ?? store;
  const chunks = store ?? client;
  if (files === undefined || chunks === undefined) return null;
  return {
    fileBytes: files.fileBytes,
    chunks: files.chunks,
    newChunks: chunks.newChunks,
    newBytes: chunks.newBytes,
    storedBytes: chunks.storedBytes,
    rememberedFiles: files.rememberedFiles,
    rememberedBytes: files.rememberedBytes,
    method: files.method === "" ? chunks.method : files.method,
    networkBytes: Math.max(fd?.networkBytes ?? 0, sd?.networkBytes ?? 0),
  };
}
