import { encodeName } from "#lib/base/byte-name.ts";
import type { CatalogReader } from "#catalog/database/backend.ts";
import { accurateChain } from "#catalog/queries/chain.ts";
import { newestFiles } from "#catalog/queries/tree.ts";
import type { AccurateChunk } from "#proto/filed.ts";
import type { JobRef } from "#proto/common.ts";

/** Files in one message. */
const CHUNK_FILES = 5000;

/** The jobs upon which an accurate job of a level builds, by what client, FileSet and Job resource they are of. */
export async function accurateJobIds(
  catalog: CatalogReader,
  of: { readonly clientId: number; readonly fileSet: string; readonly jobName: string },
  level: string,
): Promise<number[]> {
  const chain = await accurateChain(catalog, of);
  // A Differential holds everything since the Full: what Incrementals have saved in between is saved in it again.
  return (level === "D" ? chain.slice(0, 1) : chain).map((job) => job.JobId);
}

/** What these jobs hold of the client, newest version of each file, as the client compares with it. */
export async function* accurateChunks(
  catalog: CatalogReader,
  job: JobRef,
  jobIds: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<AccurateChunk> {
  let files: AccurateChunk["files"] = [];
  for await (const page of newestFiles(catalog, jobIds, signal)) {
    for (const file of page) {
      files.push({ path: encodeName(file.path + file.filename), lstat: file.lstat, digest: file.md5, deltaSeq: file.deltaSeq });
      if (files.length < CHUNK_FILES) continue;
      yield { job, files };
      files = [];
    }
  }
  yield { job, files };
}
