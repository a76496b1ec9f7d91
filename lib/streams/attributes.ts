import { OperatorError } from "#lib/errors/operator-error.ts";
import { NAME_BYTES_MAX } from "#lib/base/byte-name.ts";
import { decodeLStat, LSTAT_BYTES_MAX, putBase64, putLStat } from "./lstat.ts";
import type { LStat } from "./lstat.ts";

/** What Bacula's LStat has no room for; travels in the AttribsEx field of an attribute record, which Bacula ignores outside Windows. */
export interface ExactAttributes {
  /** Nanoseconds beyond LStat's seconds, 0 to 999,999,999. */
  readonly mtimeNs: number;
  readonly atimeNs: number;
  /** Owner and group by name, as bytes in a byte string; "": unknown, or root where the id is 0. */
  readonly user: string;
  readonly group: string;
}

/** One attribute record (streams 1, 5, 37), decoded. Names are byte strings. */
export interface AttributeRecord {
  readonly fileIndex: number;
  /** Bacula's FT number (fileType). */
  readonly type: number;
  /** Full path; a directory's ends in "/". */
  readonly name: string;
  readonly stat: LStat;
  /** Target of a symlink, or first name of a hard link. */
  readonly link: string;
  readonly exact: ExactAttributes | undefined;
  readonly deltaSequence: number;
}

/** Longest user or group name that is stored, in bytes. */
const OWNER_BYTES_MAX = 255;
/** Longest attribute record that is read: two names, numbers and Windows' extra text. */
const RECORD_BYTES_MAX = 4 * NAME_BYTES_MAX;
const EXACT_MARK = "n1:";

/** Bytes that `putAttributes` may need for names of these lengths. */
export function attributeBytesMax(nameBytes: number, linkBytes: number): number {
  return nameBytes + linkBytes + LSTAT_BYTES_MAX + 2 * OWNER_BYTES_MAX + 96;
}

/** Writes an attribute record's data at `at` and answers where it ends. `name` and `link` are byte strings. */
export function putAttributes(bytes: Buffer, at: number, record: Omit<AttributeRecord, "deltaSequence">): number {
  at += bytes.write(`${record.fileIndex} ${record.type} `, at, "latin1");
  at += bytes.write(record.name, at, "latin1");
  bytes[at++] = 0;
  at = putLStat(bytes, at, record.stat);
  bytes[at++] = 0;
  if (record.link !== "") at += bytes.write(record.link, at, "latin1");
  bytes[at++] = 0;
  if (record.exact !== undefined) at = putExact(bytes, at, record.exact);
  bytes[at++] = 0;
  bytes[at++] = 0x30;
  bytes[at++] = 0;
  return at;
}

function putExact(bytes: Buffer, at: number, exact: ExactAttributes): number {
  at += bytes.write(EXACT_MARK, at, "latin1");
  at = putBase64(bytes, at, exact.mtimeNs);
  bytes[at++] = 0x3a;
  at = putBase64(bytes, at, exact.atimeNs);
  bytes[at++] = 0x3a;
  at += bytes.write(exact.user.slice(0, OWNER_BYTES_MAX), at, "latin1");
  bytes[at++] = 0x3a;
  return at + bytes.write(exact.group.slice(0, OWNER_BYTES_MAX), at, "latin1");
}

/** Reads the data of an attribute record. Throws OperatorError ATTRIBUTES_INVALID; takes no more memory than the record. */
export function decodeAttributes(data: Uint8Array): AttributeRecord {
  if (data.byteLength > RECORD_BYTES_MAX) throw invalid(`it has ${data.byteLength} bytes`);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const indexEnd = bytes.indexOf(0x20);
  const typeEnd = indexEnd < 0 ? -1 : bytes.indexOf(0x20, indexEnd + 1);
  if (typeEnd < 0 || typeEnd > 24) throw invalid("it has no FileIndex and type");
  const fileIndex = decimal(bytes, 0, indexEnd);
  const type = decimal(bytes, indexEnd + 1, typeEnd);
  const nameEnd = fieldEnd(bytes, typeEnd + 1);
  const statEnd = fieldEnd(bytes, nameEnd + 1);
  const linkEnd = fieldEnd(bytes, statEnd + 1);
  const exEnd = fieldEnd(bytes, linkEnd + 1);
  const deltaEnd = fieldEnd(bytes, exEnd + 1);
  const name = bytes.toString("latin1", typeEnd + 1, nameEnd);
  if (name === "") throw invalid("it has no name");
  if (name.length > NAME_BYTES_MAX || linkEnd - statEnd > NAME_BYTES_MAX)
    throw invalid(`a name in it has more than ${NAME_BYTES_MAX} bytes`);
  const stat = decodeLStat(bytes.toString("latin1", nameEnd + 1, statEnd));
  if (stat === undefined) throw invalid(`its numbers are damaged, file "${bytes.toString("utf8", typeEnd + 1, nameEnd)}"`);
  return {
    fileIndex,
    type,
    name,
    stat,
    link: statEnd < linkEnd ? bytes.toString("latin1", statEnd + 1, linkEnd) : "",
    exact: decodeExact(bytes.toString("latin1", Math.min(linkEnd + 1, exEnd), exEnd)),
    deltaSequence:
      exEnd < deltaEnd ? Number.parseInt(bytes.toString("latin1", exEnd + 1, Math.min(deltaEnd, exEnd + 12)), 10) || 0 : 0,
  };
}

/** End of the field that starts at `start`: its NUL, or the end of the record. */
function fieldEnd(bytes: Buffer, start: number): number {
  if (start >= bytes.length) return bytes.length;
  const end = bytes.indexOf(0, start);
  return end < 0 ? bytes.length : end;
}

function decimal(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString("latin1", start, end);
  if (!/^-?\d{1,10}$/.test(text)) throw invalid("its FileIndex or type is no number");
  return Number(text);
}

const exactPattern = /^n1:([A-Za-z0-9+/]{1,5}):([A-Za-z0-9+/]{1,5}):([^:\0]{0,255}):([^:\0]{0,255})$/;

function decodeExact(text: string): ExactAttributes | undefined {
  const found = exactPattern.exec(text);
  if (found === null) return undefined;
  const mtimeNs = nanoseconds(found[1]!);
  const atimeNs = nanoseconds(found[2]!);
  return mtimeNs === undefined || atimeNs === undefined ? undefined : { mtimeNs, atimeNs, user: found[3]!, group: found[4]! };
}

function nanoseconds(text: string): number | undefined {
  let value = 0;
  for (const char of text)
    value = value * 64 + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".indexOf(char);
  return value < 1_000_000_000 ? value : undefined;
}

function invalid(text: string): OperatorError {
  return new OperatorError("ATTRIBUTES_INVALID", `an attribute record is damaged: ${text}`, {
    hint: "the Volume or the sender is damaged; other files are not affected",
  });
}
