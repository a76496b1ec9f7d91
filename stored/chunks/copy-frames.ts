import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { frameProblem, readFrameRuns } from "./care/frame-runs.ts";
import { writeRuns } from "./write-runs.ts";
import type { FileHandle } from "node:fs/promises";
import type { ContainerDirectory } from "./container-format.ts";

/**
 * Copies the frames that a directory lists to the same places of another file, each looked at first. CONTAINER_DAMAGED if one cannot be read or is not
 * what the directory says; a write that fails is a ShortWrite.
 */
export async function copyFrames(
  from: FileHandle,
  to: FileHandle,
  { path, directory }: { readonly path: string; readonly directory: ContainerDirectory },
): Promise<void> {
  for await (const run of readFrameRuns(from, path, directory, () => true)) {
    const frames = new FrameCursor(run.bytes);
    for (let entry = run.first; entry < run.first + run.count; entry++) {
      const problem = frameProblem(directory, entry, frames);
      if (problem === undefined) continue;
      throw new OperatorError("CONTAINER_DAMAGED", `container ${path}: chunk ${entry} cannot be read back, ${problem}`);
    }
    await writeRuns(to, [run.bytes], directory.offset(run.first));
  }
}
