import { containerPath } from "../container-name.ts";
import { concernedSessions } from "./concerned.ts";
import { findCopies } from "./find-copies.ts";
import { putAside } from "./put-aside.ts";
import { sessionText, verify } from "./verify.ts";
import type { BadChunk, ScrubbedContainer } from "./scrub-container.ts";
import type { CareDomain } from "./care-domain.ts";
import type { KeptSession } from "../kept-session.ts";
import type { Pace } from "./pace.ts";
import type { SessionProblem } from "./verify.ts";

/** How a scrub is done. */
export interface ScrubTask {
  readonly lookOnly: boolean;
  readonly pace: Pace;
  /** Checks the file of a container. */
  scrub(path: string): Promise<ScrubbedContainer>;
  /** Told before each container. */
  progress(done: number, of: number): void;
  /** Told of damage when it is found; what it means is told at the end. */
  found(line: string): void;
}

/** A container with damage. */
export interface DamagedContainer {
  readonly number: number;
  readonly path: string;
  readonly bad: readonly BadChunk[];
  /** What is wrong with the container as a whole; undefined: only its `bad` chunks. */
  readonly what: string | undefined;
  readonly isGone: boolean;
}

/** A damaged chunk and the kept sessions that refer to it. */
export interface DamagedChunk extends BadChunk {
  readonly container: string;
  readonly sessions: readonly KeptSession[];
}

/** What a scrub found and did. */
export interface Scrubbed {
  readonly containers: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly damagedContainers: readonly DamagedContainer[];
  readonly damagedChunks: readonly DamagedChunk[];
  /** Chunks of which another container has a good copy, which is used now. */
  readonly mended: number;
  /** Sessions that are not complete now. Empty if the scrub only looked. */
  readonly incomplete: readonly SessionProblem[];
  readonly notes: readonly string[];
}

/**
 * Reads every sealed container and checks every frame and every chunk. Unless it only looks, damaged chunks are put aside: the
 * store does not know them any more, so that the next job that has them sends them again, and sessions that refer to them are not held.
 */
export async function scrub(domain: CareDomain, task: ScrubTask): Promise<Scrubbed> {
  const damaged: DamagedContainer[] = [];
  const notes: string[] = [];
  const numbers = [...domain.sealed.keys()].toSorted((a, b) => a - b);
  let [containers, chunks, bytes] = [0, 0, 0];
  for (const [done, number] of numbers.entries()) {
    task.progress(done, numbers.length);
    const path = containerPath(domain.containersDirectory, number);
    const found = await task.scrub(path);
    containers++;
    switch (found.kind) {
      case "read":
        chunks += found.chunks;
        if (found.bad.length > 0) damaged.push({ number, path, bad: found.bad, what: undefined, isGone: false });
        break;
      case "damaged":
        damaged.push({ number, path, bad: [], what: found.what, isGone: false });
        break;
      case "gone":
        damaged.push({ number, path, bad: [], what: "is not there any more", isGone: true });
        break;
      case "unreadable":
        notes.push(`container ${path} cannot be read (${found.what}); it is left as it is`);
        break;
    }
    if (damaged.at(-1)?.number === number) task.found(`damage was found in container ${path}`);
    bytes += "bytes" in found ? found.bytes : 0;
    await task.pace.spend("bytes" in found ? found.bytes : 0);
  }
  const damagedChunks = await nameChunks(domain, damaged, task.pace);
  const healing = task.lookOnly ? { mended: 0, incomplete: [], notes: [] } : await heal(domain, damaged, task.pace);
  return {
    containers,
    chunks,
    bytes,
    damagedContainers: damaged,
    damagedChunks,
    ...healing,
    notes: [...notes, ...healing.notes],
  };
}

/** Lines for people. */
export function scrubbedLines(done: Scrubbed, named: number): string[] {
  const lines: string[] = [];
  for (const { path, what } of done.damagedContainers) if (what !== undefined) lines.push(`container ${path} ${what}`);
  for (const { id, container, offset, what, sessions } of done.damagedChunks.slice(0, named)) {
    const whose = sessions.length === 0 ? "no kept session refers to it" : sessions.slice(0, 5).map(sessionText).join("; ");
    const more = sessions.length > 5 ? ` and ${sessions.length - 5} more` : "";
    lines.push(`chunk ${id} in container ${container} at byte ${offset} is damaged: ${what}; ${whose}${more}`);
  }
  if (done.damagedChunks.length > named) lines.push(`and ${done.damagedChunks.length - named} more damaged chunks`);
  return [...lines, ...done.notes];
}

async function nameChunks(domain: CareDomain, damaged: readonly DamagedContainer[], pace: Pace): Promise<DamagedChunk[]> {
  const ids = new Set(damaged.flatMap(({ bad }) => bad.map(({ id }) => id)));
  const sessions = await concernedSessions(domain, ids, pace);
  return damaged.flatMap(({ path, bad }) =>
    bad.map((chunk) => ({ ...chunk, container: path, sessions: sessions.get(chunk.id) ?? [] })),
  );
}

async function heal(
  domain: CareDomain,
  damaged: readonly DamagedContainer[],
  pace: Pace,
): Promise<Pick<Scrubbed, "mended" | "incomplete" | "notes">> {
  if (damaged.length === 0) {
    const { problems } = await verify(domain, pace);
    return { mended: 0, incomplete: problems, notes: [] };
  }
  await domain.raiseEpoch();
  const { lost, notes } = await putAside(domain, damaged, pace);
  // A session may not be held any more, whether or not a job looks before the verify below is through.
  for (const id of lost) domain.wanted.add(Buffer.from(id, "hex"));
  const before = await verify(domain, pace);
  const mended = before.problems.length === 0 ? 0 : await findCopies(domain, pace);
  const after = mended === 0 ? before : await verify(domain, pace);
  await domain.wanted.save();
  await domain.afterSweep();
  return { mended, incomplete: after.problems, notes };
}
