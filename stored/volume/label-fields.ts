import { OperatorError } from "#lib/errors/operator-error.ts";

/** Reads the fields of a label one after the other. Whatever is cut off or not ended gives LABEL_DAMAGED. */
export class LabelReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A string up to its NUL; at most `maxBytes` long. */
  string(maxBytes: number): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw damaged(`a string at byte ${this.#at} has no end`);
    if (end - this.#at > maxBytes) throw damaged(`a string at byte ${this.#at} is longer than ${maxBytes} bytes`);
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** A 64-bit count as number; counts beyond 2^53 are damage. */
  u64(): number {
    const value = this.#bytes.readBigUInt64BE(this.#advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`a count of ${value} cannot be`);
    return Number(value);
  }

  f64(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  /** Microseconds since 1970 as milliseconds; damage when no date has them. */
  microseconds(): number {
    return this.#asDate(Number(this.#bytes.readBigInt64BE(this.#advance(8))) / 1000);
  }

  /** The two floating numbers of labels before version 11 (Julian day and fraction of it) as milliseconds since 1970. */
  julian(): number {
    const day = this.f64();
    const fraction = this.f64();
    if (day === 0 && fraction === 0) return 0;
    return this.#asDate((day + fraction - 2_440_587.5) * 86_400_000);
  }

  /** Goes on behind the next place where this text stands; false, and nowhere, if it does not. */
  skipBehind(text: string): boolean {
    const found = this.#bytes.indexOf(text, this.#at, "latin1");
    if (found < 0) return false;
    this.#at = found + text.length;
    return true;
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  #asDate(ms: number): number {
    if (!(Math.abs(ms) <= 8.64e15)) throw damaged(`a date of ${ms} ms since 1970 cannot be`);
    return Math.floor(ms);
  }

  #advance(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.byteLength) throw damaged(`it ends at byte ${this.#bytes.byteLength}, within a field`);
    this.#at = at + bytes;
    return at;
  }
}

/** Collects the fields of a label. */
export class LabelWriter {
  readonly #parts: Buffer[] = [];

  /** A string with its NUL. A NUL inside, or more than `maxBytes`, is refused: LABEL_NAME_INVALID. */
  string(text: string, maxBytes: number): this {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.includes(0) || bytes.byteLength > maxBytes) {
      throw new OperatorError(
        "LABEL_NAME_INVALID",
        `"${text.slice(0, 200).replaceAll("\0", "?")}" cannot stand on a label: at most ${maxBytes} bytes, none of them NUL`,
      );
    }
    this.#parts.push(bytes, Buffer.alloc(1));
    return this;
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    this.#parts.push(bytes);
    return this;
  }

  u64(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    this.#parts.push(bytes);
    return this;
  }

  f64(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    this.#parts.push(bytes);
    return this;
  }

  /** Milliseconds since 1970 as Bacula's microseconds. */
  microseconds(ms: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(Math.round(ms * 1000)));
    this.#parts.push(bytes);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return Buffer.concat(this.#parts);
  }
}

/** The error of a label that cannot be read. */
export function damaged(text: string): OperatorError {
  return new OperatorError("LABEL_DAMAGED", `the label cannot be read: ${text}`);
}
