import { open } from "node:fs/promises";
import { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import { expandChunk } from "#lib/chunk/expand-chunk.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorCode, systemErrorText } from "#lib/platform/system-error.ts";
import { readContainer } from "../container-reader.ts";
import { frameProblem, readFrameRuns } from "./frame-runs.ts";
import type { ContainerDirectory } from "../container-format.ts";
import type { FileHandle } from "node:fs/promises";

/** A chunk of a container that is not what its identity says. */
export interface BadChunk {
  /** Identity as the directory names it, hexadecimal. */
  readonly id: string;
  readonly offset: number;
  readonly bytes: number;
  readonly what: string;
}

/** What was found in a container. */
export type ScrubbedContainer =
  | { readonly kind: "read"; readonly bytes: number; readonly chunks: number; readonly bad: readonly BadChunk[] }
  /** Its directory is damaged, or it is cut off; what intact frames it has can be salvaged. */
  | { readonly kind: "damaged"; readonly bytes: number; readonly what: string }
  | { readonly kind: "gone" }
  /** It cannot be opened, which may pass. */
  | { readonly kind: "unreadable"; readonly what: string };

/** Reads a container from its start to its end, and checks every frame and the bytes of every chunk. Never throws for what it finds. */
export async function scrubContainer(path: string): Promise<ScrubbedContainer> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { kind: "gone" };
    return { kind: "unreadable", what: systemErrorText(error) };
  }
  try {
    const contents = await readContainer(path);
    if (contents.kind === "damaged") return { kind: "damaged", bytes: contents.bytes, what: contents.what };
    const { directory, bytes } = contents;
    return { kind: "read", bytes, chunks: directory.count, bad: await badChunks(file, path, directory) };
  } finally {
    await file.close();
  }
}

async function badChunks(file: FileHandle, path: string, directory: ContainerDirectory): Promise<BadChunk[]> {
  const bad: BadChunk[] = [];
  const scratch = { bytes: new Uint8Array(1024 * 1024) };
  let next = 0;
  while (next < directory.count) {
    try {
      const from = next;
      for await (const run of readFrameRuns(file, path, directory, (entry) => entry >= from)) {
        for (let entry = run.first; entry < run.first + run.count; entry++) {
          const start = directory.offset(entry) - directory.offset(run.first);
          const frame = new FrameCursor(run.bytes.subarray(start, start + directory.frameBytes(entry)));
          const what = frameProblem(directory, entry, frame) ?? chunkProblem(frame, scratch);
          if (what !== undefined) bad.push(badChunk(directory, entry, what));
        }
        next = run.first + run.count;
      }
      next = directory.count;
    } catch (error) {
      // A stretch that the medium does not give: frame by frame, so that one bad sector costs one chunk.
      if (!(error instanceof OperatorError)) throw error;
      const what = await readAlone(file, path, directory, next);
      if (what !== undefined) bad.push(badChunk(directory, next, what));
      next++;
    }
  }
  return bad;
}

async function readAlone(
  file: FileHandle,
  path: string,
  directory: ContainerDirectory,
  entry: number,
): Promise<string | undefined> {
  try {
    for await (const run of readFrameRuns(file, path, directory, (one) => one === entry)) {
      const frame = new FrameCursor(run.bytes);
      return frameProblem(directory, entry, frame) ?? chunkProblem(frame, { bytes: new Uint8Array(0) });
    }
    return undefined;
  } catch (error) {
    return error instanceof OperatorError ? error.message : String(error);
  }
}

function chunkProblem(frame: FrameCursor, scratch: { bytes: Uint8Array }): string | undefined {
  if (scratch.bytes.byteLength < frame.plainBytes) scratch.bytes = new Uint8Array(frame.plainBytes);
  const chunk = expandChunk(frame, scratch.bytes);
  return chunk.kind === "damaged" ? chunk.what : undefined;
}

function badChunk(directory: ContainerDirectory, entry: number, what: string): BadChunk {
  const at = directory.idAt(entry);
  return {
    id: directory.bytes.toString("hex", at, at + 32),
    offset: directory.offset(entry),
    bytes: directory.frameBytes(entry),
    what,
  };
}
