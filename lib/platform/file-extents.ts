import { errno, libc } from "./libc.ts";

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** A run of bytes of a file that is not a hole: from `start` up to `end`. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * The next run of data at or after `from`, not beyond `size`; undefined if only a hole is left. Where the file system knows no holes
 * the rest of the file is one run.
 */
export function nextExtent(fd: number, from: number, size: number): Extent | undefined {
  if (from >= size) return undefined;
  const c = libc();
  if (c === undefined) return { start: from, end: size };
  const start = c.lseek(fd, from, SEEK_DATA);
  if (start < 0) return c.errno() === errno.ENXIO ? undefined : { start: from, end: size };
  if (start >= size) return undefined;
  const end = c.lseek(fd, start, SEEK_HOLE);
  return { start, end: end < 0 ? size : Math.min(end, size) };
}
