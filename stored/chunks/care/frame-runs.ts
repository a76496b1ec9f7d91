import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import type { FrameCursor } from "#lib/chunk/chunk-frame.ts";
import type { ContainerDirectory } from "../container-format.ts";
import type { FileHandle } from "node:fs/promises";

/** Most bytes of frames that are read at a time, unless one frame alone is longer. */
const RUN_BYTES = 1024 * 1024;

/** Frames that lie one behind the other, and the entries of the directory that they are. */
export interface FrameRun {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly first: number;
  readonly count: number;
}

/**
 * Reads the frames of the entries that are `wanted`, neighbours together. What cannot be read is CONTAINER_DAMAGED; whether the frames
 * are intact is not looked at (`frameProblem`).
 */
export async function* readFrameRuns(
  file: FileHandle,
  path: string,
  directory: ContainerDirectory,
  wanted: (entry: number) => boolean,
): AsyncGenerator<FrameRun> {
  for (let first = 0; first < directory.count;) {
    if (!wanted(first)) {
      first++;
      continue;
    }
    const start = directory.offset(first);
    let end = start + directory.frameBytes(first);
    let count = 1;
    while (
      first + count < directory.count &&
      directory.offset(first + count) === end &&
      end + directory.frameBytes(first + count) - start <= RUN_BYTES &&
      wanted(first + count)
    ) {
      end += directory.frameBytes(first + count);
      count++;
    }
    yield { bytes: await readStretch(file, path, start, end - start), first, count };
    first += count;
  }
}

/** What is wrong with frame `entry` of a container, whose bytes are `frame`; undefined if it is what the directory says and intact. */
export function frameProblem(directory: ContainerDirectory, entry: number, frame: FrameCursor): string | undefined {
  try {
    if (!frame.next()) return "its frame is empty";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (frame.end - frame.start !== directory.frameBytes(entry)) return "its frame has another length than the directory says";
  const id = directory.bytes.subarray(directory.idAt(entry), directory.idAt(entry) + CHUNK_ID_BYTES);
  if (Buffer.compare(id, frame.id) !== 0) return "its frame is another chunk's";
  return frame.isIntact ? undefined : "the checksum of its frame is wrong";
}

async function readStretch(file: FileHandle, path: string, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const into = new Uint8Array(bytes);
  try {
    for (let done = 0; done < bytes;) {
      const { bytesRead } = await file.read(into, done, bytes - done, at + done);
      if (bytesRead === 0) throw new Error(`it ends at byte ${at + done}`);
      done += bytesRead;
    }
  } catch (cause) {
    throw new OperatorError("CONTAINER_DAMAGED", `container ${path} cannot be read: ${systemErrorText(cause)}`, { cause });
  }
  return into;
}
