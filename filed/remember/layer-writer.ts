import { writeSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { systemErrorText } from "#lib/platform/system-error.ts";
import type { RememberSink, SavedList } from "#filed/backup/remembered.ts";
import { BlockBuilder } from "./block-builder.ts";
import { FOOTER_BYTES, FOOTER_MAGIC, LAYER_HEADER_BYTES, LAYER_MAGIC, LAYER_VERSION } from "./layer-format.ts";
import type { LayerDescription } from "./layer-format.ts";

/** Bytes of blocks that may be on their way to the disk; beyond that the caller waits for the disk. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Writes the layer of a running job aside; nobody sees it until `commit`. A disk that does not take it costs the layer, not the job:
 * `failure` then says why.
 */
export class LayerWriter implements RememberSink {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #builder = new BlockBuilder();
  #position = 0;
  #backlog = 0;
  readonly #underWay = new Set<Promise<void>>();
  #failure: string | undefined;
  #isOpen = true;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Begins a layer at `path`, where nothing may be; readable by its owner only. Throws what open(2) and write(2) throw. */
  static async begin(path: string, description: LayerDescription): Promise<LayerWriter> {
    const file = await open(path, "wx", 0o600);
    const writer = new LayerWriter(file, path);
    writer.#write(layerHeader(description));
    return writer;
  }

  /** Why the layer cannot be kept; undefined: nothing is wrong. */
  get failure(): string | undefined {
    return this.#failure;
  }

  add(saved: SavedList): void {
    if (this.#failure !== undefined || !this.#isOpen) return;
    for (const block of this.#builder.build(saved)) this.#write(block);
  }

  /** Each piece has its place, so that a write that waits for the disk may overtake those under way. */
  #write(bytes: Uint8Array): void {
    const position = this.#position;
    this.#position += bytes.byteLength;
    if (this.#backlog > BACKLOG_BYTES_MAX) {
      try {
        for (let at = 0; at < bytes.byteLength;)
          at += writeSync(this.#file.fd, bytes, at, bytes.byteLength - at, position + at);
      } catch (error) {
        this.#failure ??= systemErrorText(error);
      }
      return;
    }
    this.#backlog += bytes.byteLength;
    const writing = this.#writeLater(bytes, position).finally(() => {
      this.#backlog -= bytes.byteLength;
      this.#underWay.delete(writing);
    });
    this.#underWay.add(writing);
  }

  async #writeLater(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let at = 0; at < bytes.byteLength;)
        at += (await this.#file.write(bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
    } catch (error) {
      this.#failure ??= systemErrorText(error);
    }
  }

  /**
   * Ends the layer and puts it in its place. Call when the job has ended well and the storage daemon holds its session. Answers false,
   * with `failure` set, if it could not be written. No fsync: a layer that a power cut tears is seen to be torn, and files are read again.
   */
  async commit(into: string, endedMs: number): Promise<boolean> {
    if (!this.#isOpen) return false;
    this.#write(footer(this.#builder, endedMs));
    await this.#close();
    if (this.#failure === undefined) {
      try {
        await rename(this.#path, into);
        return true;
      } catch (error) {
        this.#failure = systemErrorText(error);
      }
    }
    await unlink(this.#path).catch(() => {});
    return false;
  }

  /** Throws the layer away: the job did not end well. Does nothing after `commit`. */
  async abandon(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#close();
    await unlink(this.#path).catch(() => {});
  }

  async #close(): Promise<void> {
    this.#isOpen = false;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    await this.#file.close().catch((error: unknown) => {
      this.#failure ??= systemErrorText(error);
    });
  }
}

function layerHeader(description: LayerDescription): Buffer {
  const text = Buffer.from(JSON.stringify(description));
  const bytes = Buffer.alloc(LAYER_HEADER_BYTES + text.length);
  bytes.write(LAYER_MAGIC, 0, "latin1");
  bytes.writeUInt32LE(LAYER_VERSION, 8);
  bytes.writeUInt32LE(text.length, 12);
  bytes.writeUInt32LE(crc32(text), 16);
  bytes.set(text, LAYER_HEADER_BYTES);
  return bytes;
}

function footer(builder: BlockBuilder, endedMs: number): Buffer {
  const bytes = Buffer.alloc(FOOTER_BYTES);
  bytes.writeUInt32LE(FOOTER_MAGIC, 0);
  bytes.writeUInt32LE(builder.blocks, 4);
  bytes.writeBigUInt64LE(BigInt(builder.entries), 8);
  bytes.writeBigUInt64LE(BigInt(Math.floor(endedMs)), 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, FOOTER_BYTES - 4)), FOOTER_BYTES - 4);
  return bytes;
}
