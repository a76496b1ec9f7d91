import { statfs } from "node:fs/promises";
import { isNoRoom } from "../durable.ts";
import { markNeeded } from "./mark.ts";
import { Rewriter } from "./rewrite.ts";
import { countLive, dropDead, removeContainer, wipeMarks } from "./sweep.ts";
import type { CareDomain, SealedContainer } from "./care-domain.ts";
import type { LiveCount } from "./sweep.ts";
import type { Marked } from "./mark.ts";
import type { Pace } from "./pace.ts";

/** Free bytes of a file system below which each rewritten container is settled at once, so that its space is there for the next. */
const ROOMY_BYTES = 512 * 1024 * 1024;

/** Containers with fewer bytes of live chunks are small. The last one of every job is, as a rule. */
const SMALL_BYTES = 8 * 1024 * 1024;
/** So many small containers are merged; fewer are not worth the writing. */
const SMALL_MIN = 8;

/** What a collection did in one domain. */
export interface Collected {
  readonly sessions: number;
  /** References to chunks that are not there. */
  readonly missing: number;
  readonly chunks: number;
  readonly liveBytes: number;
  readonly chunksDropped: number;
  readonly containersRemoved: number;
  readonly containersRewritten: number;
  readonly bytesFreed: number;
  /** Bytes of containers that nothing needs and that are still there. */
  readonly deadBytesLeft: number;
  readonly notes: readonly string[];
}

/**
 * Frees the space of chunks that no kept session and no running job refers to (docs/locking.md). Others have their turn between
 * its steps. Containers without a live chunk go first, because that needs no space; then those with less than `livePercent` percent of
 * live bytes are written anew, and small ones if there are many, as far as there is room. REFERENCES_DAMAGED: nothing was deleted, because it is not known what is needed.
 */
export async function collect(
  domain: CareDomain,
  livePercent: number,
  pace: Pace,
  progress: (text: string) => void = () => {},
): Promise<Collected> {
  await domain.references.putBack();
  await domain.references.copyToVolumes();
  // Those of one that was stopped would keep alive what is dead by now.
  if (domain.marks.areLeft) await wipeMarks(domain, pace);
  domain.marks.beginCollection();
  try {
    const marked = await markNeeded(domain, pace, (done, of) => progress(`${done} of ${of} sessions read`));
    // Containers that are sealed later hold chunks of running jobs, and are the next collection's.
    const before = new Map([...domain.sealed].filter(([, { isDamaged }]) => isDamaged !== true));
    const chunks = domain.index.count;
    const live = await countLive(domain, pace);
    return await sweep(domain, { livePercent, pace, progress, marked, live, before, chunks });
  } finally {
    await wipeMarks(domain, pace);
  }
}

interface SweepTask {
  readonly livePercent: number;
  readonly pace: Pace;
  progress(text: string): void;
  readonly marked: Marked;
  readonly live: LiveCount;
  readonly before: ReadonlyMap<number, SealedContainer>;
  readonly chunks: number;
}

async function sweep(domain: CareDomain, task: SweepTask): Promise<Collected> {
  const { marked, live, before } = task;
  const dead = new Set([...before.keys()].filter((number) => !live.bytesOf.has(number)));
  const sparse = sparseContainers(before, live, task.livePercent);
  const moving = [...sparse, ...smallContainers(before, live, new Set(sparse))];
  const notes: string[] = [];
  const damaged = [...domain.sealed.values()].filter(({ isDamaged }) => isDamaged === true).length;
  if (damaged > 0) notes.push(`${damaged} damaged containers are kept until a scrub`);
  let removed = { containers: 0, bytes: 0 };
  let rewritten: Rewriter["result"] = { containers: 0, bytesRemoved: 0, bytesWritten: 0, notes: [] };
  const countBefore = domain.index.count;
  if (dead.size + moving.length > 0) {
    await domain.raiseEpoch();
    removed = await removeDead(domain, dead, task, notes);
    // Before anything is written: on btrfs the space of what was removed comes back only now.
    if (removed.containers > 0) await domain.afterSweep();
    rewritten = await rewriteAll(domain, moving, task);
    if (rewritten.containers > 0) await domain.afterSweep();
  }
  let sealedBytes = 0;
  for (const { bytes } of domain.sealed.values()) sealedBytes += bytes;
  return {
    sessions: marked.sessions,
    missing: marked.missing,
    chunks: live.liveChunks,
    liveBytes: live.liveBytes,
    chunksDropped: Math.max(0, countBefore - domain.index.count),
    containersRemoved: removed.containers,
    containersRewritten: rewritten.containers,
    bytesFreed: removed.bytes + rewritten.bytesRemoved - rewritten.bytesWritten,
    deadBytesLeft: Math.max(0, sealedBytes - live.liveBytes),
    notes: [...notes, ...rewritten.notes],
  };
}

/** Containers with too small a share of live bytes, those with the least first. */
function sparseContainers(before: ReadonlyMap<number, SealedContainer>, live: LiveCount, livePercent: number): number[] {
  const share = (number: number): number => (live.bytesOf.get(number) ?? 0) / (before.get(number)?.bytes ?? 1);
  return [...before.keys()]
    .filter((number) => live.bytesOf.has(number) && share(number) * 100 < livePercent)
    .toSorted((a, b) => share(a) - share(b));
}

/** Small containers that are not `taken` already, in their order: all if they are many, else none. */
function smallContainers(
  before: ReadonlyMap<number, SealedContainer>,
  live: LiveCount,
  taken: ReadonlySet<number>,
): readonly number[] {
  const isSmall = (number: number): boolean => (live.bytesOf.get(number) ?? SMALL_BYTES) < SMALL_BYTES;
  const small = [...before.keys()].filter((number) => isSmall(number) && !taken.has(number));
  return small.length < SMALL_MIN ? [] : small.toSorted((a, b) => a - b);
}

async function removeDead(
  domain: CareDomain,
  dead: ReadonlySet<number>,
  { pace, progress }: SweepTask,
  notes: string[],
): Promise<{ containers: number; bytes: number }> {
  const removed = { containers: 0, bytes: 0 };
  if (dead.size === 0) return removed;
  for (const number of await dropDead(domain, dead, pace)) {
    const removal = await removeContainer(domain, number);
    if (removal.kind === "kept") notes.push(removal.why);
    else {
      removed.containers++;
      removed.bytes += removal.bytes;
      progress(`${removed.containers} of ${dead.size} containers removed that nothing needs`);
      await pace.spend(removal.bytes);
    }
  }
  return removed;
}

/** Writes containers anew as far as there is room. Too little room ends it well: what was gained stays gained. */
async function rewriteAll(
  domain: CareDomain,
  containers: readonly number[],
  { live, pace, progress }: SweepTask,
): Promise<Rewriter["result"]> {
  const rewriter = new Rewriter(domain, pace);
  try {
    for (const [done, number] of containers.entries()) {
      progress(`${done} of ${containers.length} containers written anew`);
      const free = await freeBytes(domain.containersDirectory);
      const isTight = free < ROOMY_BYTES;
      // A container that cannot be copied within half of what is free is left: running jobs need room too.
      if (isTight && (live.bytesOf.get(number) ?? 0) > free / 2) continue;
      await rewriter.take(number);
      if (isTight) await rewriter.finish();
      await pace.step();
    }
    await rewriter.finish();
  } catch (error) {
    await rewriter.abandon();
    if (!isNoRoom(error)) throw error;
    const { notes, ...done } = rewriter.result;
    return { ...done, notes: [...notes, `no room to write more containers anew: ${error.message}`] };
  }
  return rewriter.result;
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
