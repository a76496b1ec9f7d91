import { OperatorError } from "#lib/errors/operator-error.ts";

/** One extended attribute: its full name (byte string, namespace included) and its value. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

const MAGIC = 0x5c5884;
/** Linux allows names of 255 and values of 65,536 bytes. */
const NAME_BYTES_MAX = 255;
const VALUE_BYTES_MAX = 65_536;
const COUNT_MAX = 4096;

/** Encodes attributes as the data of an extended-attribute record (stream 1998). */
export function encodeXattrs(attributes: readonly Xattr[]): Buffer {
  const parts: Buffer[] = [];
  for (const { name, value } of attributes) {
    const head = Buffer.allocUnsafe(12 + name.length);
    head.writeUInt32BE(MAGIC, 0);
    head.writeUInt32BE(name.length, 4);
    head.write(name, 8, "latin1");
    head.writeUInt32BE(value.byteLength, 8 + name.length);
    parts.push(head, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }
  return Buffer.concat(parts);
}

/** Reads the data of an extended-attribute record. Values are views. Throws OperatorError XATTR_INVALID at the first wrong length. */
export function decodeXattrs(data: Uint8Array): Xattr[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const attributes: Xattr[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 12) throw invalid(`${bytes.length - at} bytes are left over`);
    if (bytes.readUInt32BE(at) !== MAGIC) throw invalid(`no attribute begins at byte ${at}`);
    const nameBytes = bytes.readUInt32BE(at + 4);
    if (nameBytes === 0 || nameBytes > NAME_BYTES_MAX || at + 12 + nameBytes > bytes.length)
      throw invalid(`a name of ${nameBytes} bytes`);
    const name = bytes.toString("latin1", at + 8, at + 8 + nameBytes).replace(/\0+$/, "");
    if (name === "" || name.includes("\0")) throw invalid("a name with NUL");
    const valueBytes = bytes.readUInt32BE(at + 8 + nameBytes);
    const start = at + 12 + nameBytes;
    if (valueBytes > VALUE_BYTES_MAX || start + valueBytes > bytes.length) throw invalid(`a value of ${valueBytes} bytes`);
    if (attributes.length === COUNT_MAX) throw invalid(`more than ${COUNT_MAX} attributes`);
    attributes.push({ name, value: bytes.subarray(start, start + valueBytes) });
    at = start + valueBytes;
  }
  return attributes;
}

function invalid(text: string): OperatorError {
  return new OperatorError("XATTR_INVALID", `a record of extended attributes is damaged: ${text}`);
}
