import { copyFile, mkdir, open, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describeError } from "#lib/errors/operator-error.ts";
import { INDEX_SHARDS } from "../chunk-index.ts";
import { syncDirectory } from "#lib/platform/sync-directory.ts";
import { STORE_FILE_MODE, STORE_FOLDER_MODE, writeFailure } from "../durable.ts";
import { Rewriter } from "./rewrite.ts";
import { removeContainer } from "./sweep.ts";
import type { BadChunk } from "./scrub-container.ts";
import type { CareDomain } from "./care-domain.ts";
import type { DamagedContainer } from "./scrub.ts";
import type { Pace } from "./pace.ts";
import type { Removal } from "./sweep.ts";

/** What was put aside. */
export interface PutAside {
  /** Identities, in hexadecimal, of chunks that the store does not know any more. */
  readonly lost: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Takes damaged chunks out of the index and their bytes to the folder "damaged", moves the intact chunks of their containers into new ones, and
 * removes the old containers: after a restart the damaged chunks are not there either. The epoch was raised.
 */
export async function putAside(domain: CareDomain, damaged: readonly DamagedContainer[], pace: Pace): Promise<PutAside> {
  const folder = join(domain.folder, "damaged");
  const lost: string[] = [];
  const notes: string[] = [];
  await mkdir(folder, { recursive: true, mode: STORE_FOLDER_MODE });
  for (const container of damaged) {
    for (const chunk of container.bad) if (dropChunk(domain, container.number, chunk)) lost.push(chunk.id);
    await keepBytes(folder, container, notes);
    if (!container.isGone) await moveIntact(domain, container, { folder, pace, notes });
    else {
      await dropRest(domain, container.number, pace);
      domain.sealed.delete(container.number);
    }
    await pace.step();
  }
  return { lost, notes };
}

/** Takes a chunk out of the index, if it is this copy that the index finds. */
function dropChunk(domain: CareDomain, number: number, chunk: BadChunk): boolean {
  const id = Buffer.from(chunk.id, "hex");
  const { index } = domain;
  if (!index.find(id) || index.container !== number || index.offset !== chunk.offset) return false;
  domain.wanted.noteLoss();
  return index.delete(id);
}

/** Keeps the bytes of damaged frames, for who wants to look. What fails here loses nothing that anybody needs. */
async function keepBytes(folder: string, container: DamagedContainer, notes: string[]): Promise<void> {
  if (container.bad.length === 0) return;
  try {
    const file = await open(container.path, "r");
    try {
      for (const { offset, bytes } of container.bad) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
        const name = `${basename(container.path, ".ncc")}-${offset}.frame`;
        await writeFile(join(folder, name), buffer.subarray(0, bytesRead), { mode: STORE_FILE_MODE });
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    notes.push(`the damaged chunks of container ${container.path} could not be kept in ${folder}: ${describeError(error)}`);
  }
}

/** Moves what is intact into new containers; without room for that the container stays, and the note says so. */
async function moveIntact(
  domain: CareDomain,
  container: DamagedContainer,
  { folder, pace, notes }: { readonly folder: string; readonly pace: Pace; readonly notes: string[] },
): Promise<void> {
  const isWhole = container.what === undefined;
  const remove = async (_: CareDomain, number: number): Promise<Removal> =>
    isWhole ? await removeContainer(domain, number) : await moveAway(domain, container, folder);
  const rewriter = new Rewriter(domain, pace, { isLive: () => true, remove });
  try {
    await rewriter.take(container.number);
    await rewriter.finish();
    notes.push(...rewriter.result.notes);
    if (isWhole) return;
    // Chunks that were known from a directory that was intact then, and whose frames cannot be found any more.
    await dropRest(domain, container.number, pace);
    if (domain.sealed.has(container.number)) await moveAway(domain, container, folder);
  } catch (error) {
    await rewriter.abandon();
    notes.push(`container ${container.path} could not be written anew, run dedup scrub again: ${describeError(error)}`);
  }
}

async function dropRest(domain: CareDomain, number: number, pace: Pace): Promise<void> {
  domain.wanted.noteLoss();
  try {
    for (let shard = 0; shard < INDEX_SHARDS; shard++) {
      domain.index.visitShard(shard, (chunk) => (chunk.container === number ? "drop" : "keep"));
      await pace.step();
    }
  } finally {
    // Once more, also if it was stopped: whoever looked between two shards took a session for complete that is not.
    domain.wanted.noteLoss();
  }
}

/** Moves the file of a container to the folder of damaged ones. */
async function moveAway(domain: CareDomain, { number, path }: DamagedContainer, folder: string): Promise<Removal> {
  const to = join(folder, basename(path));
  try {
    // Folders of containers may be subvolumes of their own one day: a rename between such is refused.
    await rename(path, to).catch(async () => await copyFile(path, to));
    await syncDirectory(folder);
  } catch (cause) {
    throw writeFailure(`putting ${path} aside`, cause);
  }
  domain.sealed.delete(number);
  return { kind: "removed", bytes: 0 };
}
