import { runsBehind } from "#lib/base/runs-behind.ts";
import type { FileHandle } from "node:fs/promises";

/** A write that ended before all was written; `end`: how far the file is good. */
export class ShortWrite extends Error {
  readonly end: number;

  constructor(end: number, cause: unknown) {
    super("not all was written", { cause });
    this.end = end;
  }
}

/** What made a write fail, without the ShortWrite around it. */
export function causeOf(error: unknown): unknown {
  return error instanceof ShortWrite ? error.cause : error;
}

/** Writes all of `runs` at `at`, however often the kernel takes only a part. Rejects with ShortWrite. */
export async function writeRuns(file: FileHandle, runs: readonly Uint8Array[], at: number): Promise<void> {
  let left = runs;
  let end = at;
  while (left.length > 0) {
    let written: number;
    try {
      // The kernel takes 1,024 pieces at a time at most.
      written = (await file.writev(left.slice(0, 1024) as Uint8Array[], end)).bytesWritten;
    } catch (cause) {
      throw new ShortWrite(end, cause);
    }
    if (written === 0) throw new ShortWrite(end, new Error("the file takes no more bytes"));
    end += written;
    left = runsBehind(left, written);
  }
}
