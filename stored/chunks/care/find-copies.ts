import { open } from "node:fs/promises";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { containerPath } from "../container-name.ts";
import { readContainer } from "../container-reader.ts";
import { frameProblem, readFrameRuns } from "./frame-runs.ts";
import type { CareDomain } from "./care-domain.ts";
import type { ContainerDirectory } from "../container-format.ts";
import type { Pace } from "./pace.ts";

const ENTRIES_A_STEP = 256;

/**
 * Looks through the directories of all containers for good copies of chunks that are wanted; answers how many were found. A crash
 * while containers were written anew, or two jobs that brought the same chunk at once, leave such copies.
 */
export async function findCopies(domain: CareDomain, pace: Pace): Promise<number> {
  let mended = 0;
  for (const number of [...domain.sealed.keys()]) {
    if (domain.wanted.count === 0) break;
    const path = containerPath(domain.containersDirectory, number);
    const { directory } = await readContainer(path);
    for (let entry = 0; entry < directory.count; entry++) {
      if (entry % ENTRIES_A_STEP === ENTRIES_A_STEP - 1) await pace.step();
      const at = directory.idAt(entry);
      if (!domain.wanted.has(directory.bytes, at)) continue;
      if (!(await isGood(path, directory, entry))) continue;
      // A job may have brought it meanwhile.
      if (!domain.index.find(directory.bytes, at))
        domain.index.set(directory.bytes, at, {
          container: number,
          offset: directory.offset(entry),
          bytes: directory.frameBytes(entry),
        });
      if (domain.wanted.mended(directory.bytes, at)) mended++;
    }
  }
  return mended;
}

async function isGood(path: string, directory: ContainerDirectory, entry: number): Promise<boolean> {
  await using file = await open(path, "r");
  try {
    for await (const run of readFrameRuns(file, path, directory, (one) => one === entry)) {
      const frame = new FrameCursor(run.bytes);
      if (frameProblem(directory, entry, frame) !== undefined) return false;
      return expandChunk(frame, new Uint8Array(frame.plainBytes)).kind === "good";
    }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
  }
  return false;
}
