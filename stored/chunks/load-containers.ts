import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { FRAME_HEADER_BYTES } from "#lib/chunk/chunk-frame.ts";
import { CONTAINER_NUMBER_MAX, parseContainerName } from "./container-name.ts";
import { readContainer } from "./container-reader.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { ContainerContents } from "./container-reader.ts";
import type { ContainerDirectory } from "./container-format.ts";
import type { ContainerSet } from "./container-set.ts";

/** Directories that are read at a time. */
const READERS = 6;
/** Damaged containers that are named one by one. */
const NAMED_MAX = 50;

/**
 * Fills the index of a domain from the directories of its containers, and removes containers that were never finished, unless
 * `keepsUnfinished` says that nothing may be changed. Between containers the thread answers other calls. Answers notes for the operator.
 */
export async function loadContainers(
  set: ContainerSet,
  index: ChunkIndex,
  store: Uint8Array,
  { keepsUnfinished = false }: { readonly keepsUnfinished?: boolean } = {},
): Promise<string[]> {
  const { numbers, unfinished } = await listContainers(set.directory);
  if (!keepsUnfinished) for (const path of unfinished) await unlink(path);
  const notes: string[] = [];
  if (unfinished.length > 0)
    notes.push(
      keepsUnfinished
        ? `${unfinished.length} unfinished containers in ${set.directory} are passed over`
        : `${unfinished.length} unfinished containers were removed from ${set.directory}`,
    );
  const salvaged: { readonly number: number; readonly directory: ContainerDirectory }[] = [];
  let damaged = 0;
  const load = async (number: number): Promise<void> => {
    const contents = await readContainer(set.path(number));
    const wrong = whyWrong(contents, number, store);
    set.reserve(number);
    if (wrong !== undefined && ++damaged <= NAMED_MAX) notes.push(`container ${set.path(number)} ${wrong}`);
    if (wrong !== undefined && contents.kind === "whole") return;
    const { bytes, directory } = contents;
    const plainBytes = contents.kind === "whole" ? contents.footer.plainBytes : plainBytesOf(directory);
    set.sealed.set(number, { bytes, chunks: directory.count, plainBytes, isDamaged: contents.kind === "damaged" });
    if (contents.kind === "whole") addChunks(index, number, directory, false);
    else salvaged.push({ number, directory });
  };
  const queue = numbers.values();
  const reader = async (): Promise<void> => {
    for (const number of queue) await load(number);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  // What lies in a damaged container counts only where no whole one has it.
  for (const { number, directory } of salvaged) {
    await setImmediate();
    addChunks(index, number, directory, true);
  }
  if (damaged > NAMED_MAX) notes.push(`${damaged - NAMED_MAX} more containers are damaged`);
  return notes;
}

/** Gives no new container a number under which something was put aside: it would take its place in the folder "damaged". */
export async function reserveDamaged(set: ContainerSet, folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const number = /^[0-9a-f]{8}(?=[.-])/.exec(name);
    if (number !== null) set.reserve(Math.min(Number.parseInt(number[0], 16), CONTAINER_NUMBER_MAX));
  }
}

/** Enters the chunks of a container. Of a chunk that lies in several whole containers the one with the lowest number is used. */
function addChunks(index: ChunkIndex, number: number, directory: ContainerDirectory, isSalvaged: boolean): void {
  const { bytes } = directory;
  const place = { container: number, offset: 0, bytes: 0 };
  for (let i = 0; i < directory.count; i++) {
    const at = directory.idAt(i);
    if (index.find(bytes, at) && (isSalvaged || index.container <= number)) continue;
    place.offset = directory.offset(i);
    place.bytes = FRAME_HEADER_BYTES + directory.storedBytes(i);
    index.set(bytes, at, place);
  }
}

function plainBytesOf(directory: ContainerDirectory): number {
  let bytes = 0;
  for (let i = 0; i < directory.count; i++) bytes += directory.plainBytes(i);
  return bytes;
}

/** What an operator is to know about a container; undefined: nothing. */
function whyWrong(contents: ContainerContents, number: number, store: Uint8Array): string | undefined {
  if (contents.kind === "damaged") return contents.what;
  const { footer } = contents;
  if (Buffer.compare(footer.store, store) !== 0) return "is of another store, and is not used";
  if (footer.number !== number) return `was renamed: it is container ${footer.number}, and is not used`;
  return undefined;
}

async function listContainers(
  directory: string,
): Promise<{ readonly numbers: readonly number[]; readonly unfinished: readonly string[] }> {
  const numbers: number[] = [];
  const unfinished: string[] = [];
  for (const folder of await readdir(directory)) {
    if (!/^[0-9a-f]{2,6}$/.test(folder)) continue;
    for (const name of await readdir(join(directory, folder))) {
      const found = parseContainerName(folder, name);
      if (found?.isWhole === true) numbers.push(found.number);
      else if (found !== undefined) unfinished.push(join(directory, folder, name));
    }
  }
  return { numbers: numbers.toSorted((a, b) => a - b), unfinished };
}
