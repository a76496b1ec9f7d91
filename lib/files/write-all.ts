import { writeSync } from "node:fs";

/** Writes all bytes at a position, or where the file stands (null). Throws what write(2) throws. */
export function writeAll(fd: number, data: Uint8Array, position: number | null): void {
  for (let at = 0; at < data.byteLength;)
    at += writeSync(fd, data, at, data.byteLength - at, position === null ? null : position + at);
}
