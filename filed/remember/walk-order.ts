const SLASH = 0x2f;
/** Ranks at the first place where two paths differ: what lies below a directory, the directory itself, longer names. */
const BELOW = -2;
const END = -1;

/**
 * The order in which the walker meets paths below one root: names by their bytes, directories after what is in them. Below 0: `a`
 * comes first. Paths are byte strings without a trailing slash, except "/".
 */
export function compareInWalkOrder(a: string, b: string): number {
  if (a === b) return 0;
  const aEnd = a.length === 1 ? 0 : a.length;
  const bEnd = b.length === 1 ? 0 : b.length;
  const shorter = Math.min(aEnd, bEnd);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return (at < aEnd ? rank(a.charCodeAt(at)) : END) - (at < bEnd ? rank(b.charCodeAt(at)) : END);
}

/** The same for two paths as bytes, from `aStart` to `aEnd` of `a` and from `bStart` to `bEnd` of `b`. */
export function compareBytesInWalkOrder(
  a: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  b: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
): number {
  const aLength = a.end - a.start === 1 ? 0 : a.end - a.start;
  const bLength = b.end - b.start === 1 ? 0 : b.end - b.start;
  const shorter = Math.min(aLength, bLength);
  let at = 0;
  while (at < shorter && a.bytes[a.start + at] === b.bytes[b.start + at]) at++;
  return (at < aLength ? rank(a.bytes[a.start + at]!) : END) - (at < bLength ? rank(b.bytes[b.start + at]!) : END);
}

/** The same for a path as bytes and one as a byte string. */
export function compareToPath(bytes: Uint8Array, start: number, end: number, path: string): number {
  const aLength = end - start === 1 ? 0 : end - start;
  const bLength = path.length === 1 ? 0 : path.length;
  const shorter = Math.min(aLength, bLength);
  let at = 0;
  while (at < shorter && bytes[start + at] === path.charCodeAt(at)) at++;
  return (at < aLength ? rank(bytes[start + at]!) : END) - (at < bLength ? rank(path.charCodeAt(at)) : END);
}

function rank(char: number): number {
  return char === SLASH ? BELOW : char;
}

/** Says of each entry of a walk whether it comes after all before it; what does not cannot be found again by merging. */
export class WalkOrder {
  #root = -1;
  #path = "";

  /** True if this entry comes after the last for which the answer was true. */
  goesOn(root: number, path: string): boolean {
    if (root < this.#root || (root === this.#root && compareInWalkOrder(path, this.#path) <= 0)) return false;
    this.#root = root;
    this.#path = path;
    return true;
  }
}
