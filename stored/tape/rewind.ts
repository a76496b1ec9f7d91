import type { Tape } from "./tape.ts";

/** What a Device resource says of rewinding its tapes; milliseconds. */
export interface RewindFacts {
  /** A rewind that takes less is told: perhaps no tape is in the drive. 0: none is too quick. */
  readonly minMs: number;
  /** What each rewind of a tape in a file takes, so that a slow drive can be rehearsed. */
  readonly delayMs: number;
  /** Where it is written since when a tape is being rewound (nanoseconds of the system's monotonic clock, 0: it is not), for another thread to see. */
  readonly since?: BigInt64Array;
}

/** A drive that rewinds as it likes. */
export const ANY_REWIND: RewindFacts = { minMs: 0, delayMs: 0 };

/** Rewinds a tape; answers what is to be told of it. Blocks; who waits for it looks at `since`. */
export function timedRewind(tape: Tape, { minMs, since }: RewindFacts): string | undefined {
  const begun = process.hrtime.bigint();
  if (since !== undefined) Atomics.store(since, 0, begun);
  try {
    tape.rewind();
  } finally {
    if (since !== undefined) Atomics.store(since, 0, 0n);
  }
  const ms = Number(process.hrtime.bigint() - begun) / 1e6;
  if (ms >= minMs) return undefined;
  return `the rewind took ${(ms / 1000).toFixed(3)} seconds, less than Minimum Rewind Wait (${minMs / 1000} seconds): is the tape in the drive and whole?`;
}
