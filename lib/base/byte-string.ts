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

/** The path for a message to a person: what is not UTF-8 is replaced. */
export function shown(path: ByteString): string {
  return isAscii(path) ? path : Buffer.from(path, "latin1").toString("utf8");
}
