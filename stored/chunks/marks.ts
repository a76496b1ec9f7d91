import { invariant } from "#lib/base/assert.ts";
import { STAMP_MAX } from "./chunk-index.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { SessionKey } from "../volume/block.ts";

/** A session as the key of a map. */
export function sessionName(session: SessionKey): string {
  return `${session.time}-${session.id}`;
}

/**
 * Which chunks running jobs rely on. Whatever a job is told to be there is stamped with the number of the latest collection (1 to 127,
 * then 1 again). A collection spares every stamp since the oldest job that was running when it began, and every later one: a job that
 * ends while it works, well or not, changes nothing for it.
 */
export class RunningMarks {
  #now = 1;
  /** A collection has begun whose marks are not wiped: it is under way, or was stopped. */
  areLeft = false;
  /** Stamp at the begin of each running job. */
  readonly #jobs = new Map<string, number>();
  #spared = 1;

  /** Jobs that are running. */
  get jobs(): number {
    return this.#jobs.size;
  }

  /** A job begins. Before anything is told to it. */
  begin(session: SessionKey): void {
    this.#jobs.set(sessionName(session), this.#now);
  }

  /** A job has ended: its references are committed, or nothing of it is kept. Repeating it does no harm. */
  end(session: SessionKey): void {
    this.#jobs.delete(sessionName(session));
  }

  /** The chunk at hand in the index was told to be there, was stored, or is being committed. */
  touch(index: ChunkIndex): void {
    index.touch(this.#now);
  }

  /** A collection begins: its stamp is the next one. */
  beginCollection(): void {
    this.areLeft = true;
    const oldest = this.#oldest();
    // Stamps go round; while a job has been running for so many collections, several share one stamp, which spares more.
    if (oldest === undefined || age(oldest, this.#now) < STAMP_MAX - 2) this.#now = (this.#now % STAMP_MAX) + 1;
    this.#spared = oldest ?? this.#now;
  }

  /** Whether a stamp keeps a chunk from the collection that runs, or that ran last. */
  isSpared(stamp: number): boolean {
    return stamp !== 0 && age(stamp, this.#now) <= age(this.#spared, this.#now);
  }

  #oldest(): number | undefined {
    let oldest: number | undefined;
    for (const stamp of this.#jobs.values())
      if (oldest === undefined || age(stamp, this.#now) > age(oldest, this.#now)) oldest = stamp;
    return oldest;
  }
}

/** How many collections ago a stamp was the current one. */
function age(stamp: number, now: number): number {
  invariant(stamp > 0 && stamp <= STAMP_MAX, `${stamp} is a stamp`);
  return (now - stamp + STAMP_MAX) % STAMP_MAX;
}
