import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Bytes of all regular files at and below a directory. */
export function bytesUnder(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
