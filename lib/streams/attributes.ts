import { OperatorError } from "#lib/errors/operator-error.ts";
import { NAME_BYTES_MAX } from "#lib/base/byte-name.ts";
import { byteString, shown } from "#lib/base/byte-string.ts";
import { decodeLStat, LSTAT_BYTES_MAX, parseBase64, putBase64, putLStat } from "./lstat.ts";
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
  const text = byteString(data);
  const indexEnd = text.indexOf(" ");
  const typeEnd = indexEnd < 0 ? -1 : text.indexOf(" ", indexEnd + 1);
  if (typeEnd < 0 || typeEnd > 24) throw invalid("it has no FileIndex and type");
  const fileIndex = decimal(text, 0, indexEnd);
  const type = decimal(text, indexEnd + 1, typeEnd);
  const nameEnd = fieldEnd(text, typeEnd + 1);
  const statEnd = fieldEnd(text, nameEnd + 1);
  const linkEnd = fieldEnd(text, statEnd + 1);
  const exEnd = fieldEnd(text, linkEnd + 1);
  const deltaEnd = fieldEnd(text, exEnd + 1);
  const name = text.slice(typeEnd + 1, nameEnd);
  if (name === "") throw invalid("it has no name");
  if (name.length > NAME_BYTES_MAX || linkEnd - statEnd > NAME_BYTES_MAX)
    throw invalid(`a name in it has more than ${NAME_BYTES_MAX} bytes`);
  const stat = decodeLStat(text.slice(nameEnd + 1, statEnd));
  if (stat === undefined) throw invalid(`its numbers are damaged, file "${shown(name)}"`);
  return {
    fileIndex,
    type,
    name,
    stat,
    link: statEnd < linkEnd ? text.slice(statEnd + 1, linkEnd) : "",
    exact: decodeExact(text.slice(Math.min(linkEnd + 1, exEnd), exEnd)),
    deltaSequence: exEnd < deltaEnd ? Number.parseInt(text.slice(exEnd + 1, Math.min(deltaEnd, exEnd + 12)), 10) || 0 : 0,
  };
}

/** End of the field that starts at `start`: its NUL, or the end of the record. */
function fieldEnd(text: string, start: number): number {
  const end = text.indexOf("\0", start);
  return end < 0 ? text.length : end;
}

function decimal(text: string, start: number, end: number): number {
  const number = text.slice(start, end);
  if (!/^-?\d{1,10}$/.test(number)) throw invalid("its FileIndex or type is no number");
  return Number(number);
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
  const value = Number(parseBase64(text, 0, text.length));
  return value < 1_000_000_000 ? value : undefined;
}

function invalid(text: string): OperatorError {
  return new OperatorError("ATTRIBUTES_INVALID", `an attribute record is damaged: ${text}`, {
    hint: "the Volume or the sender is damaged; other files are not affected",
  });
}
