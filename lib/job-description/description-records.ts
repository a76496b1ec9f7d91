import { OperatorError } from "#lib/errors/operator-error.ts";
import { DESCRIPTION_BYTES_MAX } from "./job-description.ts";

/** What a part of a description begins with. Other records of the same kind are not ours. */
const MAGIC = Buffer.from("Nocturne 1 description\n\0", "latin1");

/** Bytes before the text: the magic, then part, parts and whole length as u32. */
const HEADER_BYTES = MAGIC.byteLength + 12;

/** Text of one part: a record of it fits into the smallest block. */
const PART_BYTES = 4000;

/** A description as the data of label records, which are never split. */
export function descriptionRecords(description: Uint8Array): Buffer[] {
  const parts = Math.ceil(description.byteLength / PART_BYTES);
  return Array.from({ length: parts }, (_, at) => {
    const text = description.subarray(at * PART_BYTES, (at + 1) * PART_BYTES);
    const record = Buffer.alloc(HEADER_BYTES + text.byteLength);
    MAGIC.copy(record);
    record.writeUInt32BE(at + 1, MAGIC.byteLength);
    record.writeUInt32BE(parts, MAGIC.byteLength + 4);
    record.writeUInt32BE(description.byteLength, MAGIC.byteLength + 8);
    record.set(text, HEADER_BYTES);
    return record;
  });
}

/** Joins the parts of one description, which come in order. */
export class DescriptionJoiner {
  #parts: Buffer[] = [];

  /** Takes a record's data; the whole description when it was the last part; undefined otherwise. DESCRIPTION_DAMAGED. */
  take(data: Uint8Array): Buffer | undefined {
    const record = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (!isDescription(record)) return undefined;
    const part = record.readUInt32BE(MAGIC.byteLength);
    const parts = record.readUInt32BE(MAGIC.byteLength + 4);
    const bytes = record.readUInt32BE(MAGIC.byteLength + 8);
    if (part === 1) this.#parts = [];
    if (bytes > DESCRIPTION_BYTES_MAX || parts !== Math.ceil(bytes / PART_BYTES) || part !== this.#parts.length + 1)
      throw new OperatorError("DESCRIPTION_DAMAGED", `part ${part} of ${parts} of a job's description does not belong here`);
    this.#parts.push(Buffer.from(record.subarray(HEADER_BYTES)));
    if (part < parts) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    if (whole.byteLength !== bytes)
      throw new OperatorError("DESCRIPTION_DAMAGED", `a job's description has ${whole.byteLength} bytes and not ${bytes}`);
    return whole;
  }
}

/** Whether the data of a label record is part of a description. */
export function isDescription(data: Uint8Array): boolean {
  return data.byteLength >= HEADER_BYTES && MAGIC.compare(data, 0, MAGIC.byteLength) === 0;
}
