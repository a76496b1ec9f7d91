import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory and what is missing above it. Unlike the recursive mkdir of Node it ends where a file system answers ENOENT to
 * every new name (/proc does). Throws what the system says of the first directory that cannot be made.
 */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeDirectory(dirname(path), 0o755);
    mkdirSync(path, { mode });
  }
}
