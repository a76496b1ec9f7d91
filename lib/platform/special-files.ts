import { cString, libc } from "./libc.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const times = Buffer.alloc(32);

/** Makes a FIFO or device node (byte-string path) with the type and permission bits of `mode`; answers 0 or an errno. */
export function makeNode(path: string, mode: number, device: number | bigint): number {
  const c = libc();
  if (c === undefined) return 38;
  return c.mknod(cString(path), mode, device) < 0 ? c.errno() : 0;
}

/** A moment to the nanosecond: seconds since 1970 (may be negative) and nanoseconds beyond them. */
export interface ExactTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

function putTimes(atime: ExactTime, mtime: ExactTime): Buffer {
  times.writeBigInt64LE(BigInt(atime.seconds), 0);
  times.writeBigInt64LE(BigInt(atime.nanoseconds), 8);
  times.writeBigInt64LE(BigInt(mtime.seconds), 16);
  times.writeBigInt64LE(BigInt(mtime.nanoseconds), 24);
  return times;
}

/** Sets the times of an open file; false if libc is not to be had or refuses. */
export function setFileTimes(fd: number, atime: ExactTime, mtime: ExactTime): boolean {
  const c = libc();
  return c !== undefined && c.futimens(fd, putTimes(atime, mtime)) === 0;
}

/** Sets the times of a path (byte string), not following a symlink; false if libc is not to be had or refuses. */
export function setPathTimes(path: string, atime: ExactTime, mtime: ExactTime): boolean {
  const c = libc();
  return c !== undefined && c.utimensat(AT_FDCWD, cString(path), putTimes(atime, mtime), AT_SYMLINK_NOFOLLOW) === 0;
}
