import { decodeName, encodeName } from "./byte-name.ts";

/**
 * A byte string holds one byte per character (U+0000 to U+00FF): quick to cut, join and compare, and exact for every file name.
 * The file daemon carries paths this way; `decodeName` strings and Buffers are used at its edges.
 */
export type ByteString = string;

/** True if every byte is ASCII, so that the byte string is also the text. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** The bytes of a byte string. */
export function bytesOf(text: ByteString): Buffer {
  return Buffer.from(text, "latin1");
}

/** Bytes to a byte string. */
export function byteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** What to give to a node:fs function for the path. */
export function fsPath(path: ByteString): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, "latin1");
}

/** The path as a `decodeName` string. */
export function nameOf(path: ByteString): string {
  return isAscii(path) ? path : decodeName(Buffer.from(path, "latin1"));
}

/** A `decodeName` string as a byte string. */
export function byteStringOf(name: string): ByteString {
  return isAscii(name) ? name : encodeName(name).toString("latin1");
}

// oxlint-disable-next-line no-control-regex -- these are the characters that must not get into a message
const unshowable = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/**
 * The path for a message to a person or a log: one line, whatever it holds. Control characters (a line end in a name could forge a
 * whole line of a report), marks that turn the direction of writing and bytes that are not UTF-8 are shown as `\x0a` or `\u202e`.
 */
export function shown(path: ByteString): string {
  return nameOf(path).replaceAll(unshowable, (char) => {
    const code = char.charCodeAt(0);
    if (code >= 0xd800 && code <= 0xdfff) return `\\x${(code & 0xff).toString(16)}`;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
