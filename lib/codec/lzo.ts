/**
 * Reads LZO1X streams, for Volumes that Bacula wrote with Compression = LZO. Written from the published description of the format:
 * instructions of runs of literals and of copies out of what was already written, whose meaning depends on how many literals (0 to 3,
 * or 4 and more) the instruction before them gave.
 */

/** Bytes by which the output grows at first. */
const FIRST_BYTES = 128 * 1024;

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new RangeError("LZO data ends too early");
    this.at++;
    return value;
  }

  /** A length whose field was 0: each further 0 byte counts 255, the first other byte ends it. */
  longLength(base: number): number {
    let length = base;
    for (;;) {
      const value = this.byte();
      if (value !== 0) return length + value;
      length += 255;
    }
  }
}

class Writer {
  bytes = new Uint8Array(FIRST_BYTES);
  length = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  #room(count: number): void {
    const needed = this.length + count;
    if (needed > this.#max) throw new RangeError(`LZO data expands to more than ${this.#max} bytes`);
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.min(this.#max, Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  literals(reader: Reader, count: number): void {
    if (reader.at + count > reader.bytes.length) throw new RangeError("LZO literals end too early");
    this.#room(count);
    this.bytes.set(reader.bytes.subarray(reader.at, reader.at + count), this.length);
    reader.at += count;
    this.length += count;
  }

  /** Copies from `distance` bytes back; the two runs may overlap, which repeats a pattern. */
  copy(distance: number, count: number): void {
    let from = this.length - distance;
    if (from < 0) throw new RangeError("LZO copy from before the start");
    this.#room(count);
    if (distance >= count) {
      this.bytes.copyWithin(this.length, from, from + count);
      this.length += count;
    } else for (let left = count; left > 0; left--) this.bytes[this.length++] = this.bytes[from++]!;
  }
}

/** Expands an LZO1X block. Throws RangeError for what is no such block, or expands to more than `bytesMax`. */
export function expandLzo(data: Uint8Array, bytesMax: number): Uint8Array {
  const reader = new Reader(data);
  const writer = new Writer(bytesMax);
  /** Literals given by the last instruction: 0 to 3, or 4 for a long run. */
  let state = 0;
  const first = data[0];
  if (first !== undefined && first > 17) {
    reader.at = 1;
    writer.literals(reader, first - 17);
    state = first - 17 < 4 ? first - 17 : 4;
  }
  for (;;) {
    const code = reader.byte();
    let trailing: number;
    if (code < 16) {
      if (state === 0) {
        writer.literals(reader, 3 + (code === 0 ? reader.longLength(15) : code));
        state = 4;
        continue;
      }
      const distance = (reader.byte() << 2) + (code >> 2);
      if (state === 4) writer.copy(distance + 2049, 3);
      else writer.copy(distance + 1, 2);
      trailing = code & 3;
    } else if (code >= 64) {
      writer.copy((reader.byte() << 3) + ((code >> 2) & 7) + 1, (code >> 5) + 1);
      trailing = code & 3;
    } else if (code >= 32) {
      const length = 2 + ((code & 31) === 0 ? reader.longLength(31) : code & 31);
      const low = reader.byte();
      writer.copy((reader.byte() << 6) + (low >> 2) + 1, length);
      trailing = low & 3;
    } else {
      const length = 2 + ((code & 7) === 0 ? reader.longLength(7) : code & 7);
      const low = reader.byte();
      const distance = ((code & 8) << 11) + (reader.byte() << 6) + (low >> 2);
      if (distance === 0) break;
      writer.copy(distance + 16384, length);
      trailing = low & 3;
    }
    writer.literals(reader, trailing);
    state = trailing;
  }
  if (reader.at !== data.length) throw new RangeError("LZO data goes on after its end");
  return writer.bytes.subarray(0, writer.length);
}
