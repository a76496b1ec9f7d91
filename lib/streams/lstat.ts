/** Facts of a file as Bacula's LStat text carries them. Times in whole seconds. */
export interface LStat {
  dev: number | bigint;
  ino: number | bigint;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number | bigint;
  size: number;
  blockSize: number;
  blocks: number;
  atime: number;
  mtime: number;
  ctime: number;
  /** FileIndex of the first name of a hard-linked file; 0: none. */
  linkFileIndex: number;
  flags: number;
  /** Stream number under which the file's data was saved; 0: none. */
  dataStream: number;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digitCodes = Buffer.from(DIGITS, "latin1");
const valueOfCode = new Int8Array(256).fill(-1);
for (let value = 0; value < 64; value++) valueOfCode[digitCodes[value]!] = value;

/** Most bytes that an encoded LStat takes: 16 numbers of 64 bits, each with a blank. */
export const LSTAT_BYTES_MAX = 16 * 13;
/** Longest LStat text that is read. */
const LSTAT_CHARS_MAX = 1024;
const LSTAT_NUMBERS = 16;
/** Digits of a number of 64 bits. */
const DIGITS_MAX = 11;
const MINUS = 0x2d;
const MAX_SAFE = 0x1fffffffffffffn;
const scratch = new Uint8Array(12);

/** Writes a number in Bacula's base 64 at `at` and answers where it ends. Negative numbers get a "-" in front. */
export function putBase64(bytes: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === "bigint") {
    if (value > 0x1fffffffffffffn || value < 0n) return putBigBase64(bytes, at, value);
    value = Number(value);
  }
  if (value < 0) {
    bytes[at++] = 0x2d;
    value = -value;
  }
  let count = 0;
  while (value > 0x7fffffff) {
    const rest = Math.floor(value / 64);
    scratch[count++] = digitCodes[value - rest * 64]!;
    value = rest;
  }
  let small = value | 0;
  do {
    scratch[count++] = digitCodes[small & 63]!;
    small >>>= 6;
  } while (small !== 0);
  while (count > 0) bytes[at++] = scratch[--count]!;
  return at;
}

function putBigBase64(bytes: Uint8Array, at: number, value: bigint): number {
  if (value < 0n) {
    bytes[at++] = 0x2d;
    value = -value;
  }
  let text = "";
  for (let rest = value; rest > 0n; rest >>= 6n) text = DIGITS[Number(rest & 63n)]! + text;
  for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index);
  return at;
}

/** Writes the LStat text at `at` and answers where it ends; LSTAT_BYTES_MAX bytes are always enough. */
export function putLStat(bytes: Uint8Array, at: number, stat: LStat): number {
  at = putBase64(bytes, at, stat.dev);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.ino);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.mode);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.nlink);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.uid);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.gid);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.rdev);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.size);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.blockSize);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.blocks);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.atime);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.mtime);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.ctime);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.linkFileIndex);
  bytes[at++] = 0x20;
  at = putBase64(bytes, at, stat.flags);
  bytes[at++] = 0x20;
  return putBase64(bytes, at, stat.dataStream);
}

/** The LStat text. */
export function encodeLStat(stat: LStat): string {
  const bytes = Buffer.allocUnsafe(LSTAT_BYTES_MAX);
  return bytes.toString("latin1", 0, putLStat(bytes, 0, stat));
}

/**
 * Reads LStat text. Fields missing at the end (old Volumes) become 0. `undefined` if it is no LStat: a foreign character, a number of
 * more than 64 bits, or a size or time that cannot be.
 */
export function decodeLStat(text: string): LStat | undefined {
  const numbers = text.length > LSTAT_CHARS_MAX ? undefined : numbersOf(text);
  if (numbers === undefined || numbers.length < 13) return undefined;
  const safe = (index: number): number => {
    const value = numbers[index] ?? 0;
    return typeof value === "number" ? value : Number.NaN;
  };
  const exact = (index: number): number | bigint => {
    const value = numbers[index] ?? 0;
    if (typeof value === "number" && value >= 0) return value;
    const unsigned = BigInt.asUintN(64, BigInt(value));
    return unsigned > MAX_SAFE ? unsigned : Number(unsigned);
  };
  const stat: LStat = {
    dev: exact(0),
    ino: exact(1),
    mode: safe(2) & 0xffff,
    nlink: safe(3),
    uid: safe(4),
    gid: safe(5),
    rdev: exact(6),
    size: safe(7),
    blockSize: safe(8),
    blocks: safe(9),
    atime: safe(10),
    mtime: safe(11),
    ctime: safe(12),
    linkFileIndex: safe(13),
    flags: safe(14),
    dataStream: safe(15),
  };
  const isSound =
    stat.size >= 0 &&
    [stat.nlink, stat.uid, stat.gid, stat.atime, stat.mtime, stat.ctime, stat.linkFileIndex].every(Number.isSafeInteger);
  return isSound ? stat : undefined;
}

/** The numbers of the text, LSTAT_NUMBERS at most; undefined if one of them is none. */
function numbersOf(text: string): (number | bigint)[] | undefined {
  const numbers: (number | bigint)[] = [];
  for (let at = 0; numbers.length < LSTAT_NUMBERS;) {
    const blank = text.indexOf(" ", at);
    const end = blank < 0 ? text.length : blank;
    const number = parseBase64(text, at, end);
    if (number === undefined) return undefined;
    numbers.push(number);
    if (blank < 0) break;
    at = end + 1;
  }
  return numbers;
}

/**
 * The number that a part of a text says in Bacula's base 64: a `bigint` only if it is too large for an exact `number`. Undefined for a
 * foreign character, no digit, or more than 64 bits.
 */
export function parseBase64(text: string, from: number, to: number): number | bigint | undefined {
  const isNegative = text.charCodeAt(from) === MINUS;
  const start = isNegative ? from + 1 : from;
  const digits = to - start;
  if (digits < 1 || digits > DIGITS_MAX) return undefined;
  // Eight digits are 48 bits, which are exact; few numbers have more.
  let high = 0;
  let low = 0;
  for (let at = start; at < to; at++) {
    const code = text.charCodeAt(at);
    const value = code < 256 ? valueOfCode[code]! : -1;
    if (value < 0) return undefined;
    if (at - start === 8) {
      high = low;
      low = 0;
    }
    low = low * 64 + value;
  }
  if (digits <= 8) return isNegative ? 0 - low : low;
  const value = (BigInt(high) << BigInt(6 * (digits - 8))) + BigInt(low);
  if (value > 0xffffffffffffffffn) return undefined;
  if (value <= MAX_SAFE) return isNegative ? 0 - Number(value) : Number(value);
  return isNegative ? -value : value;
}
