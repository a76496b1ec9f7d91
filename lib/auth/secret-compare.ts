import { timingSafeEqual } from "node:crypto";

/** Whether two secrets (keys, proofs, fingerprints) are equal, in a time that does not tell where they differ. Empty never equals. */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength > 0 && a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
