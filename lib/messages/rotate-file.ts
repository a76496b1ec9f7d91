import { realpathSync, renameSync, statSync } from "node:fs";

/** A log that has this many bytes is put aside and begun anew. */
export const LOG_BYTES_MAX = 32 * 1024 * 1024;

/** Older logs that are kept: FILE.old-1 is the newest. */
const OLD_KEPT = 4;

/**
 * Puts a full log aside: FILE becomes FILE.old-1, FILE.old-1 becomes FILE.old-2, ..., the oldest goes. So a log takes up at most five times its limit,
 * and nobody has to look after it. Only regular files: a pipe or device is never full. True if FILE is to be begun anew. Throws what the file system says.
 */
export function rotateIfFull(path: string, bytesMax: number = LOG_BYTES_MAX): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || found.size < bytesMax) return false;
  const file = realpathSync(path); // a link to the log stays where it is
  for (let age = OLD_KEPT - 1; age >= 1; age -= 1) renameIfThere(`${file}.old-${age}`, `${file}.old-${age + 1}`);
  renameIfThere(file, `${file}.old-1`);
  return true;
}

/** Another program may have put it aside at the same moment. */
function renameIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}
