import { existsSync } from "node:fs";
import { truncate, unlink } from "node:fs/promises";
import { systemErrorCode } from "#lib/platform/system-error.ts";
import { INDEX_SHARDS } from "../chunk-index.ts";
import { containerPath } from "../container-name.ts";
import { readContainer } from "../container-reader.ts";
import { writeFailure } from "../durable.ts";
import type { CareDomain } from "./care-domain.ts";
import type { ChunkState } from "../chunk-index.ts";
import type { Pace } from "./pace.ts";

/** Whether a chunk stays: a needed session refers to it, or a running job may. */
export function isLive(domain: CareDomain, chunk: Pick<ChunkState, "isMarked" | "stamp">): boolean {
  return chunk.isMarked || domain.marks.isSpared(chunk.stamp);
}

/** What lives, by container. */
export interface LiveCount {
  /** Bytes of live frames by container; a container without any is missing. */
  readonly bytesOf: ReadonlyMap<number, number>;
  readonly liveBytes: number;
  readonly liveChunks: number;
  readonly deadChunks: number;
}

/** Counts what lives when all needed sessions are marked. Looks at memory only. */
export async function countLive(domain: CareDomain, pace: Pace): Promise<LiveCount> {
  const bytesOf = new Map<number, number>();
  let [liveBytes, liveChunks, deadChunks] = [0, 0, 0];
  for (let shard = 0; shard < INDEX_SHARDS; shard++) {
    domain.index.visitShard(shard, (chunk) => {
      if (isLive(domain, chunk)) {
        bytesOf.set(chunk.container, (bytesOf.get(chunk.container) ?? 0) + chunk.bytes);
        liveBytes += chunk.bytes;
        liveChunks++;
      } else deadChunks++;
      return "keep";
    });
    await pace.step();
  }
  return { bytesOf, liveBytes, liveChunks, deadChunks };
}

/**
 * Takes all dead chunks of these containers out of the index. Answers those containers to which the index does not point any more; a
 * container in which a job relies on a chunk by now stays.
 */
export async function dropDead(domain: CareDomain, containers: ReadonlySet<number>, pace: Pace): Promise<number[]> {
  const revived = new Set<number>();
  for (let shard = 0; shard < INDEX_SHARDS; shard++) {
    domain.index.visitShard(shard, (chunk) => {
      if (!containers.has(chunk.container)) return "keep";
      if (!isLive(domain, chunk)) return "drop";
      revived.add(chunk.container);
      return "keep";
    });
    await pace.step();
  }
  return [...containers].filter((number) => !revived.has(number));
}

/** Ends a collection: marks go, and stamps that no running job needs. */
export async function wipeMarks(domain: CareDomain, pace: Pace): Promise<void> {
  for (let shard = 0; shard < INDEX_SHARDS; shard++) {
    domain.index.visitShard(shard, (chunk) => (domain.marks.isSpared(chunk.stamp) ? "unmark" : "wipe"));
    await pace.step();
  }
  domain.marks.areLeft = false;
}

/** What came of removing a container. */
export type Removal = { readonly kind: "removed"; readonly bytes: number } | { readonly kind: "kept"; readonly why: string };

/**
 * Removes the file of a container to which the index does not point. One whose directory is damaged is kept: what it held is not known,
 * and a scrub deals with it.
 */
export async function removeContainer(domain: CareDomain, number: number): Promise<Removal> {
  const path = containerPath(domain.containersDirectory, number);
  const contents = await readContainer(path);
  if (contents.kind === "damaged" && existsSync(path))
    return { kind: "kept", why: `container ${path} ${contents.what}; it is kept until a scrub` };
  try {
    await unlinkEvenIfFull(path);
  } catch (cause) {
    if (systemErrorCode(cause) !== "ENOENT") throw writeFailure(`removing ${path}`, cause);
  }
  const bytes = domain.sealed.get(number)?.bytes ?? 0;
  domain.sealed.delete(number);
  return { kind: "removed", bytes };
}

/** On a file system that copies on write a removal needs room too; cutting the file off first gives some back. */
async function unlinkEvenIfFull(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (systemErrorCode(cause) !== "ENOSPC") throw cause;
    await truncate(path, 0);
    await unlink(path);
  }
}
