import { OperatorError } from "#lib/errors/operator-error.ts";

/** Tags of the DER elements that are read here. */
export const derTag = { integer: 0x02, bitString: 0x03, octets: 0x04, objectId: 0x06, sequence: 0x30, set: 0x31 } as const;

const LENGTH_BYTES_MAX = 4;

/** Reads DER elements one after the other. Whatever is cut off or too long throws OperatorError PKI_DATA_INVALID. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  /** Tag of the next element; undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must have this tag. */
  take(tag: number): Uint8Array {
    if (this.tag !== tag) throw invalid(`0x${tag.toString(16)} was expected, not 0x${(this.tag ?? 0).toString(16)}`);
    const length = this.#length();
    const start = this.#at;
    if (length > this.#bytes.byteLength - start) throw invalid(`an element of ${length} bytes is cut off`);
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A reader of what is in the next element. */
  within(tag: number): DerReader {
    return new DerReader(this.take(tag));
  }

  /** Goes over the next element, whatever it is. */
  skip(): void {
    this.take(this.tag ?? 0);
  }

  /** The bytes of an object identifier, as hexadecimal digits. */
  objectId(): string {
    return hexOf(this.take(derTag.objectId));
  }

  /** Moves behind tag and length of the next element. */
  #length(): number {
    const first = this.#bytes[this.#at + 1];
    if (first === undefined) throw invalid("an element has no length");
    this.#at += 2;
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX || this.#at + count > this.#bytes.byteLength)
      throw invalid(`a length of ${count} bytes cannot be`);
    let length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + this.#bytes[this.#at + index]!;
    this.#at += count;
    return length;
  }
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function invalid(text: string): OperatorError {
  return new OperatorError("PKI_DATA_INVALID", `DER data cannot be read: ${text}`);
}
