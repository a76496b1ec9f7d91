import type { TapePosition } from "./tape.ts";

/** Bits of an address that count blocks. */
const BLOCKS = 2 ** 32;

/** A position as an address: the file in its high, the block in its low 32 bits. */
export function addressOf({ file, block }: TapePosition): number {
  return file * BLOCKS + block;
}

/** The position that an address means. */
export function positionOf(address: number): TapePosition {
  return { file: Math.floor(address / BLOCKS), block: address % BLOCKS };
}

/** A position as tape people write it: `3:17`. */
export function positionText({ file, block }: TapePosition): string {
  return `${file}:${block}`;
}
