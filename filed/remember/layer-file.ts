import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import {
  BLOCK_BYTES_MAX,
  BLOCK_CRC_AT,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  blockCrc,
  COLUMN_BYTES,
  DESCRIPTION_BYTES_MAX,
  FOOTER_BYTES,
  FOOTER_MAGIC,
  LAYER_HEADER_BYTES,
  LAYER_MAGIC,
  LAYER_VERSION,
  PAYLOAD_HEADER_BYTES,
} from "./layer-format.ts";
import type { LayerDescription } from "./layer-format.ts";

/** Thrown for a layer that cannot be used; the message completes "the layer ... is not used: ". */
export class LayerUnusable extends Error {}

/** Where the payload of a block stands in the file. */
export interface BlockPlace {
  readonly position: number;
  readonly payloadBytes: number;
}

/** A finished layer on disk, opened for reading. Nothing in it is believed before it was checked. Calls block. */
export class LayerFile implements Disposable {
  readonly description: LayerDescription;
  /** When its job ended, milliseconds since 1970. */
  readonly endedMs: number;
  readonly #fd: number;
  readonly #blocks: number;
  /** Where the footer stands. */
  readonly #end: number;
  #position: number;
  #number = 0;
  readonly #header = Buffer.alloc(BLOCK_HEADER_BYTES);

  /** Throws LayerUnusable for a file that is no whole layer, and what open(2) throws. */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(this.#fd);
      if (!stat.isFile() || (process.geteuid !== undefined && stat.uid !== process.geteuid()))
        throw new LayerUnusable("it is no file of this daemon's");
      const { description, bytes } = this.#readDescription(stat.size);
      this.description = description;
      this.#position = bytes;
      this.#end = stat.size - FOOTER_BYTES;
      const footer = this.#readFooter();
      this.#blocks = footer.readUInt32LE(4);
      this.endedMs = Number(footer.readBigUInt64LE(16));
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  #readDescription(size: number): { readonly description: LayerDescription; readonly bytes: number } {
    const header = Buffer.alloc(LAYER_HEADER_BYTES);
    if (size < LAYER_HEADER_BYTES + FOOTER_BYTES || !this.#readAt(header, 0)) throw new LayerUnusable("it is too short");
    if (header.toString("latin1", 0, 8) !== LAYER_MAGIC || header.readUInt32LE(8) !== LAYER_VERSION)
      throw new LayerUnusable("it is no layer of this version");
    const bytes = header.readUInt32LE(12);
    if (bytes > DESCRIPTION_BYTES_MAX || bytes > size - LAYER_HEADER_BYTES - FOOTER_BYTES)
      throw new LayerUnusable("its description is damaged");
    const text = Buffer.alloc(bytes);
    if (!this.#readAt(text, LAYER_HEADER_BYTES) || crc32(text) !== header.readUInt32LE(16))
      throw new LayerUnusable("its description is damaged");
    return { description: parseDescription(text), bytes: LAYER_HEADER_BYTES + bytes };
  }

  #readFooter(): Buffer {
    const footer = Buffer.alloc(FOOTER_BYTES);
    const isWhole =
      this.#end >= this.#position &&
      this.#readAt(footer, this.#end) &&
      footer.readUInt32LE(0) === FOOTER_MAGIC &&
      footer.readUInt32LE(FOOTER_BYTES - 4) === crc32(footer.subarray(0, FOOTER_BYTES - 4));
    if (!isWhole) throw new LayerUnusable("its end is missing or damaged");
    return footer;
  }

  /** Goes to the next block; undefined: there is none. Throws LayerUnusable if what stands there is none. */
  next(): BlockPlace | undefined {
    if (this.#position === this.#end) {
      if (this.#number !== this.#blocks) throw new LayerUnusable("blocks are missing in it");
      return undefined;
    }
    const left = this.#end - this.#position - BLOCK_HEADER_BYTES;
    if (left < 0 || !this.#readAt(this.#header, this.#position)) throw new LayerUnusable("a block in it is torn");
    const payloadBytes = this.#header.readUInt32LE(8);
    if (
      this.#header.readUInt32LE(0) !== BLOCK_MAGIC ||
      this.#header.readUInt32LE(4) !== this.#number ||
      payloadBytes > Math.min(left, BLOCK_BYTES_MAX) ||
      payloadBytes < PAYLOAD_HEADER_BYTES + COLUMN_BYTES
    )
      throw new LayerUnusable("a block in it is damaged");
    const place = { position: this.#position + BLOCK_HEADER_BYTES, payloadBytes };
    this.#position = place.position + payloadBytes;
    this.#number++;
    return place;
  }

  /** Reads the payload of the block that `next` answered last. Throws LayerUnusable if its checksum is wrong. */
  read(place: BlockPlace, into: Uint8Array): void {
    const payload = into.subarray(0, place.payloadBytes);
    if (!this.#readAt(payload, place.position) || blockCrc(this.#header, payload) !== this.#header.readUInt32LE(BLOCK_CRC_AT))
      throw new LayerUnusable("a block in it is damaged");
  }

  /** Reads only the first bytes of a payload, unchecked. Throws LayerUnusable if they are not there. */
  peek(place: BlockPlace, into: Uint8Array): void {
    if (into.byteLength > place.payloadBytes || !this.#readAt(into, place.position))
      throw new LayerUnusable("a block in it is torn");
  }

  #readAt(into: Uint8Array, position: number): boolean {
    for (let at = 0; at < into.byteLength;) {
      const read = readSync(this.#fd, into, at, into.byteLength - at, position + at);
      if (read === 0) return false;
      at += read;
    }
    return true;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function parseDescription(text: Buffer): LayerDescription {
  let value: unknown;
  try {
    value = JSON.parse(text.toString("utf8"));
  } catch {
    throw new LayerUnusable("its description is damaged");
  }
  if (!isDescription(value)) throw new LayerUnusable("its description is damaged");
  return value;
}

function isDescription(value: unknown): value is LayerDescription {
  const { scope, session, isFull, roots, options } = fieldsOf(value);
  const { director, jobName, store, domain, identity } = fieldsOf(scope);
  const { volSessionId, volSessionTime } = fieldsOf(session);
  return (
    [director, jobName, store, domain, identity, roots].every((text) => typeof text === "string") &&
    [volSessionId, volSessionTime].every(isSessionNumber) &&
    typeof isFull === "boolean" &&
    Array.isArray(options) &&
    options.every((text) => typeof text === "string")
  );
}

function isSessionNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
