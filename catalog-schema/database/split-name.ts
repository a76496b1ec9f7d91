/**
 * The one place where a file name is split as the catalog stores it: Path is everything up to and including the last slash, Filename
 * the rest. A directory arrives with its trailing slash and so has an empty Filename; a name without a slash has an empty Path.
 */

const SLASH = 0x2f;

/** Bytes of the Path part of the name that stands in `bytes` from `start` to `end`; what remains is the Filename. */
export function pathLength(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) {
    if (bytes[at] === SLASH) return at - start + 1;
  }
  return 0;
}

/** The same for a name in a string. */
export function splitName(name: string): { path: string; filename: string } {
  const end = name.lastIndexOf("/") + 1;
  return { path: name.slice(0, end), filename: name.slice(end) };
}

/** Path of the directory above; "" above the root or a drive; null when there is nothing above. */
export function parentPath(path: string): string | null {
  if (path === "") return null;
  const trimmed = path.endsWith("/") ? path.slice(0, -1) : path;
  return trimmed.slice(0, trimmed.lastIndexOf("/") + 1);
}

/** Bytes of directory names that one file name may add to the catalog with all directories above it. */
const ANCESTRY_MAX = 64 * 1024 * 1024;

/**
 * True if a path has so many levels that storing all directories above it would fill the catalog: one hostile 64 KiB name could add a
 * gigabyte. Such a file is recorded and restored with its job, but does not show in the directory tree.
 */
export function isTooDeep(path: string): boolean {
  if (path.length < 8_192) return false;
  let levels = 0;
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) levels += 1;
  return levels * path.length > ANCESTRY_MAX;
}
