import { open, rm, stat } from "node:fs/promises";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BATCH_BYTES_MAX } from "#lib/wire/record.ts";

/** Size of a spool file in bytes; 0 if it is not there. */
export async function spoolBytes(path: string): Promise<number> {
  return await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
}

/** The batches of an attribute spool file ([length u32][batch] after each other), one at a time. JOB_SPOOL_FAILED if it cannot be read. */
export async function* readSpool(path: string): AsyncGenerator<Buffer<ArrayBuffer>> {
  await using file = await open(path, "r").catch((cause: unknown) => {
    throw new OperatorError("JOB_SPOOL_FAILED", `the attribute spool file ${path} cannot be opened`, { cause });
  });
  const length = Buffer.alloc(4);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(length, 0, 4, at);
    if (bytesRead === 0) return;
    const bytes = length.readUInt32BE();
    if (bytesRead < 4 || bytes > BATCH_BYTES_MAX)
      throw new OperatorError("JOB_SPOOL_FAILED", `the attribute spool file ${path} is damaged at byte ${at}`);
    const batch = Buffer.alloc(bytes);
    const got = await file.read(batch, 0, bytes, at + 4);
    if (got.bytesRead < bytes)
      throw new OperatorError("JOB_SPOOL_FAILED", `the attribute spool file ${path} ends within a batch`);
    yield batch;
    at += 4 + bytes;
  }
}

/** Removes a spool file; it is no matter if there is none. */
export async function removeSpool(path: string): Promise<void> {
  await rm(path, { force: true });
}
