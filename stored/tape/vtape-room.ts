import { must } from "#lib/base/assert.ts";
import { FRAME_BYTES } from "./vtape-format.ts";

/** Room behind the early warning: for what must still be written when a tape is left. */
const RESERVE_LEAST = 128 * 1024;
const RESERVE_MOST = 4 * 1024 * 1024;

/** Blocks of one write; each is two buffers, and the kernel takes 1024. */
const GATHER_BLOCKS = 500;

/** Where a write stands on its tape; bytes of the tape's file. */
export interface TapeRoom {
  readonly offset: number;
  /** 0: as large as its disk lets it be. */
  readonly capacity: number;
  /** The early warning was given. */
  readonly isWarned: boolean;
}

/** What fits into the next write: `count` blocks, and why no more. */
export interface FittingBlocks {
  readonly count: number;
  readonly end: "early warning: the end of the tape is near" | "end of the tape" | undefined;
}

/** How many of the blocks from `from` on go into the next write. The early warning comes once, before a block that would pass it. */
export function fittingBlocks(blocks: readonly Uint8Array[], from: number, room: TapeRoom): FittingBlocks {
  const { capacity, isWarned } = room;
  const warnAt = capacity - reserveOf(capacity);
  let { offset } = room;
  let count = 0;
  for (; from + count < blocks.length && count < GATHER_BLOCKS; count += 1) {
    offset += FRAME_BYTES + must(blocks[from + count], "a block").byteLength;
    if (capacity === 0) continue;
    if (offset > capacity) return { count, end: "end of the tape" };
    if (offset > warnAt && !isWarned) return { count, end: "early warning: the end of the tape is near" };
  }
  return { count, end: undefined };
}

function reserveOf(capacity: number): number {
  return Math.max(RESERVE_LEAST, Math.min(RESERVE_MOST, Math.floor(capacity / 64)));
}
