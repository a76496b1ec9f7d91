import { crc32 } from "node:zlib";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { SessionKey } from "../volume/block.ts";

/*
 * The references of one session: which chunks its files consist of (docs/formats/chunk-store.md, "References of a session").
 * Little-endian. A header, pages of identities, a trailer, a foot. Each page has a checksum of its own, so that a reader needs little
 * memory and gives out nothing that is not intact; the trailer's checksum is over the pages' checksums too, so that none can be missing.
 */

/** Bytes before the first page. */
export const REFERENCES_HEADER_BYTES = 32;
/** Bytes before the identities of a page: u32 their number, u32 checksum. */
export const PAGE_HEADER_BYTES = 8;
/** Identities of every page but the last, which may have fewer. */
export const PAGE_IDS = 2048;
/** Bytes after the trailer: u32 bytes of the trailer, 8 bytes magic. */
export const REFERENCES_FOOT_BYTES = 12;
/** Most bytes of a trailer: 10,000 Volumes with names of 127 bytes. */
const TRAILER_BYTES_MAX = 2 * 1024 * 1024;

const HEAD_MAGIC = Buffer.from("NCREFS01", "latin1");
const FOOT_MAGIC = Buffer.from("NCREFEND", "latin1");
const VERSION = 1;

/** Whose references a file holds. */
export interface ReferencesOwner {
  readonly session: SessionKey;
  readonly jobId: number;
}

/** What the end of a file of references says. */
export interface ReferencesTotals {
  /** Identities in the file. */
  readonly identities: number;
  /** References of the session's files, repeats included. */
  readonly references: number;
  /** Bytes of file data that the references stand for, repeats included. */
  readonly plainBytes: number;
  /** Names of the Volumes that the session is on. */
  readonly volumes: readonly string[];
}

/** Name of a session's references in the directory `sessions` of its domain. `state` "new": not committed. */
export function referencesName(session: SessionKey, state: "kept" | "new" = "kept"): string {
  return `${session.time}-${session.id}.${state === "kept" ? "refs" : "new"}`;
}

/** The session that a file's name tells; undefined if it is no file of committed references. */
export function sessionOfName(name: string): SessionKey | undefined {
  const match = /^(\d{1,10})-(\d{1,10})\.refs$/.exec(name);
  return match === null ? undefined : { time: Number(match[1]), id: Number(match[2]) };
}

/** The header of a file of references. */
export function referencesHeader(owner: ReferencesOwner): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(REFERENCES_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(HEAD_MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, owner.session.time, true);
  view.setUint32(16, owner.session.id, true);
  view.setUint32(20, owner.jobId, true);
  view.setUint32(28, crc32(header.subarray(0, 28)), true);
  return header;
}

/** Reads a header; says what is wrong with it by REFERENCES_DAMAGED. */
export function readReferencesHeader(header: Uint8Array, path: string): ReferencesOwner {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.byteLength < REFERENCES_HEADER_BYTES || Buffer.compare(header.subarray(0, 8), HEAD_MAGIC) !== 0)
    throw damaged(path, "it does not begin as such a file does");
  if (view.getUint32(28, true) !== crc32(header.subarray(0, 28))) throw damaged(path, "the checksum of its header is wrong");
  const version = view.getUint32(8, true);
  if (version !== VERSION) throw damaged(path, `it is of version ${version}, which is not known`);
  return {
    session: { time: view.getUint32(12, true), id: view.getUint32(16, true) },
    jobId: view.getUint32(20, true),
  };
}

/** Writes the header of a page whose identities stand already behind it; answers its checksum. */
export function sealPage(page: Uint8Array, number: number, ids: number): number {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_HEADER_BYTES);
  view.setUint32(0, ids, true);
  const checksum = pageChecksum(page, number, ids);
  view.setUint32(4, checksum, true);
  return checksum;
}

/** Over the page's number, the number of its identities, and the identities. */
export function pageChecksum(page: Uint8Array, number: number, ids: number): number {
  const start = new Uint32Array([number, ids]);
  return crc32(page.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + ids * 32), crc32(new Uint8Array(start.buffer)));
}

/** Trailer and foot. `pages`: crc32 over the checksums of all pages in order, each as a little-endian u32. */
export function referencesEnd(totals: ReferencesTotals, pages: number): Uint8Array<ArrayBuffer> {
  const names = totals.volumes.map((name) => Buffer.from(name));
  const bytes = 28 + names.reduce((sum, name) => sum + 2 + name.byteLength, 0) + 4;
  const end = new Uint8Array(bytes + REFERENCES_FOOT_BYTES);
  const view = new DataView(end.buffer);
  view.setBigUint64(0, BigInt(totals.identities), true);
  view.setBigUint64(8, BigInt(totals.references), true);
  view.setBigUint64(16, BigInt(totals.plainBytes), true);
  view.setUint16(24, names.length, true);
  let at = 28;
  for (const name of names) {
    view.setUint16(at, name.byteLength, true);
    end.set(name, at + 2);
    at += 2 + name.byteLength;
  }
  view.setUint32(at, crc32(end.subarray(0, at), pages), true);
  view.setUint32(bytes, bytes, true);
  end.set(FOOT_MAGIC, bytes + 4);
  return end;
}

/** Bytes of the trailer that a foot tells; REFERENCES_DAMAGED if it is no foot. */
export function trailerBytes(foot: Uint8Array, path: string): number {
  const bytes = new DataView(foot.buffer, foot.byteOffset, foot.byteLength).getUint32(0, true);
  if (Buffer.compare(foot.subarray(4), FOOT_MAGIC) !== 0 || bytes < 32 || bytes > TRAILER_BYTES_MAX)
    throw damaged(path, "its end is missing");
  return bytes;
}

/** Reads a trailer; its checksum is looked at when all pages are known (`trailerChecksum`). */
export function readTrailer(trailer: Uint8Array, path: string): ReferencesTotals {
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  const count = view.getUint16(24, true);
  const volumes: string[] = [];
  let at = 28;
  for (let number = 0; number < count; number++) {
    const bytes = at + 2 > trailer.byteLength - 4 ? Infinity : view.getUint16(at, true);
    if (at + 2 + bytes > trailer.byteLength - 4) throw damaged(path, "its list of Volumes is broken");
    volumes.push(Buffer.from(trailer.subarray(at + 2, at + 2 + bytes)).toString());
    at += 2 + bytes;
  }
  if (at !== trailer.byteLength - 4) throw damaged(path, "its trailer has a wrong length");
  const number = (from: number): number => Number(view.getBigUint64(from, true));
  return { identities: number(0), references: number(8), plainBytes: number(16), volumes };
}

/** Whether a trailer belongs to these pages and is intact. */
export function isTrailerIntact(trailer: Uint8Array, pages: number): boolean {
  const at = trailer.byteLength - 4;
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  return view.getUint32(at, true) === crc32(trailer.subarray(0, at), pages);
}

/** Takes the checksum of the next page into that over all of them. */
export function addPageChecksum(pages: number, checksum: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, checksum, true);
  return crc32(bytes, pages);
}

/** Nothing can be said about which chunks the session refers to. */
export function damaged(path: string, what: string, cause?: unknown): OperatorError {
  return new OperatorError("REFERENCES_DAMAGED", `the references ${path} cannot be read: ${what}`, { cause });
}
