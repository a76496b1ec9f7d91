/**
 * File names are bytes; JavaScript strings are UTF-16. A name travels through our programs as a string in which every byte
 * that is not part of valid UTF-8 stands as the lone surrogate U+DC00 + byte (U+DC80 to U+DCFF). Both directions are exact.
 */

/** Longest path accepted from a peer, a Volume or a catalog, in bytes. Linux allows 4,096 in one call; deeper trees exist. */
export const NAME_BYTES_MAX = 65_536;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a name to a string; never fails, never loses a byte. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decodeBrokenName(bytes);
  }
}

/** The bytes that `decodeName` was given. */
export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, "utf8");
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit < 0xdc80 || unit > 0xdcff || isLowHalf(name, at)) continue;
    if (at > start) parts.push(Buffer.from(name.slice(start, at), "utf8"));
    parts.push(Buffer.of(unit - 0xdc00));
    start = at + 1;
  }
  if (start < name.length) parts.push(Buffer.from(name.slice(start), "utf8"));
  return Buffer.concat(parts);
}

/** True if the name is valid UTF-8, so that it may be stored and shown as text. */
export function isTextName(name: string): boolean {
  return name.isWellFormed();
}

function isLowHalf(text: string, at: number): boolean {
  if (at === 0) return false;
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff;
}

function decodeBrokenName(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + bytes[at]!);
      at += 1;
    } else {
      text += strictUtf8.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/** Length of the valid UTF-8 sequence that starts at `at`; 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    strictUtf8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
