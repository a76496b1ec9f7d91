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
  putInt64(atime.seconds, 0);
  putInt64(atime.nanoseconds, 8);
  putInt64(mtime.seconds, 16);
  putInt64(mtime.nanoseconds, 24);
  return times;
}

/** A safe integer as a 64-bit one, without a BigInt: this is done twice for every restored file. */
function putInt64(value: number, at: number): void {
  times.writeUInt32LE(value >>> 0, at);
  times.writeInt32LE(Math.floor(value / 0x1_0000_0000) | 0, at + 4);
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
