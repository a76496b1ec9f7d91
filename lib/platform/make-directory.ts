import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "./system-error.ts";

/**
 * Makes a directory and what is missing above it, all with `mode`. Unlike the recursive mkdir of Node, which turns for ever where a
 * file system answers ENOENT to every new name (/proc does), it ends. Throws what the system says of the first one that it cannot make.
 */
export function makeDirectory(path: string | Buffer, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    const parent = parentOf(path);
    if (code !== "ENOENT" || parent === undefined) throw error;
    makeDirectory(parent, mode);
    mkdirSync(path, { mode });
  }
}

/** The directory above; undefined above the top. Names are bytes, so a Buffer is cut as latin1, which loses none. */
function parentOf(path: string | Buffer): string | Buffer | undefined {
  const text = typeof path === "string" ? path : path.toString("latin1");
  const parent = dirname(text);
  if (parent === text) return undefined;
  return typeof path === "string" ? parent : Buffer.from(parent, "latin1");
}
