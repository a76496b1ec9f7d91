import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { Mutex } from "#lib/base/lock.ts";
import { systemErrorText } from "#lib/platform/system-error.ts";
import type { FileHandle } from "node:fs/promises";
import {
  CONTAINER_BYTES_MAX,
  CONTAINER_FOOTER_BYTES,
  CONTAINER_HEADER_BYTES,
  ContainerDirectory,
  DIRECTORY_ENTRY_BYTES,
  readContainerFooter,
} from "./container-format.ts";
import { salvageFrames } from "./salvage-frames.ts";
import type { ContainerFooter } from "./container-format.ts";

/** How much of the end of a container is read at first: enough for the directory of most. */
const TAIL_BYTES = 32 * 1024;

/** What a container's file holds. */
export type ContainerContents =
  | {
      readonly kind: "whole";
      readonly directory: ContainerDirectory;
      readonly bytes: number;
      readonly footer: ContainerFooter;
    }
  /** Its end is damaged: `directory` lists the frames that were found intact. `what` completes a sentence about the container. */
  | { readonly kind: "damaged"; readonly directory: ContainerDirectory; readonly bytes: number; readonly what: string };

/**
 * Reads the directory of a container; if it is damaged, looks for frames instead. Whether the frames of an intact directory are intact
 * themselves is not looked at. Never throws for what the file holds, or because it cannot be read.
 */
export async function readContainer(path: string): Promise<ContainerContents> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const bytes = (await file.stat()).size;
    const { what, ...found } = await readDirectory(file, bytes);
    if (found.footer !== undefined && found.directory !== undefined)
      return { kind: "whole", directory: found.directory, footer: found.footer, bytes };
    const end = found.footer?.directoryAt ?? Math.min(bytes, CONTAINER_BYTES_MAX);
    const directory = await salvage(file, end);
    return { kind: "damaged", directory, bytes, what: `${what}; ${directory.count} intact chunks were found in it` };
  } catch (error) {
    return {
      kind: "damaged",
      directory: new ContainerDirectory(Buffer.alloc(0)),
      bytes: 0,
      what: `cannot be read: ${systemErrorText(error)}`,
    };
  } finally {
    await file?.close();
  }
}

/** Lets one container at a time be searched: it lies in memory whole. */
const salvaging = new Mutex();
/** Where it lies; kept while others wait. */
let room = Buffer.alloc(0);

/** The frames that are intact before `end`. */
async function salvage(file: FileHandle, end: number): Promise<ContainerDirectory> {
  using _turn = await salvaging.acquire();
  if (room.length < end) room = Buffer.allocUnsafeSlow(end);
  try {
    const all = await readInto(file, 0, room.subarray(0, end));
    return salvageFrames(all, CONTAINER_HEADER_BYTES, all.length).directory;
  } finally {
    if (salvaging.waiting === 0) room = Buffer.alloc(0);
  }
}

interface DirectoryFound {
  readonly footer: ContainerFooter | undefined;
  readonly directory: ContainerDirectory | undefined;
  readonly what: string;
}

async function readDirectory(file: FileHandle, bytes: number): Promise<DirectoryFound> {
  const nothing = { footer: undefined, directory: undefined };
  if (bytes < CONTAINER_HEADER_BYTES + CONTAINER_FOOTER_BYTES) return { ...nothing, what: `is cut off: it has ${bytes} bytes` };
  if (bytes > CONTAINER_BYTES_MAX) return { ...nothing, what: `has ${bytes} bytes, more than any container` };
  const tail = await readAt(file, Math.max(0, bytes - TAIL_BYTES), Math.min(bytes, TAIL_BYTES));
  const footer = readContainerFooter(tail.subarray(-CONTAINER_FOOTER_BYTES), bytes);
  if (footer === undefined) return { ...nothing, what: "has a damaged footer, or is cut off" };
  const directoryBytes = footer.chunks * DIRECTORY_ENTRY_BYTES;
  const start = tail.length - CONTAINER_FOOTER_BYTES - directoryBytes;
  const entries =
    start >= 0 ? tail.subarray(start, start + directoryBytes) : await readAt(file, footer.directoryAt, directoryBytes);
  const directory = new ContainerDirectory(entries);
  if (entries.length !== directoryBytes || crc32(entries) !== footer.directoryCrc || !directory.fits(footer.directoryAt))
    return { footer, directory: undefined, what: "has a damaged directory" };
  return { footer, directory, what: "" };
}

/** Reads a stretch of a file; shorter only where the file ends. */
async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  return await readInto(file, at, Buffer.allocUnsafe(bytes));
}

/** The same into memory that is there already. */
async function readInto(file: FileHandle, at: number, into: Buffer): Promise<Buffer> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}
