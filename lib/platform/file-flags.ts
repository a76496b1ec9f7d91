import { libc } from "./libc.ts";

/** FS_IOC_GETFLAGS on machines with 64-bit long; it fills an int. */
const FS_IOC_GETFLAGS = 0x80086601;
const FS_NODUMP_FL = 0x40;
const argument = Buffer.alloc(8);

/** True if the open file or directory carries the "no dump" attribute (chattr +d). */
export function hasNoDumpFlag(fd: number): boolean {
  const c = libc();
  if (c === undefined) return false;
  argument.fill(0);
  return c.ioctl(fd, FS_IOC_GETFLAGS, argument) === 0 && (argument.readUInt32LE(0) & FS_NODUMP_FL) !== 0;
}
