import { constants, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { OperatorError } from "#lib/errors/operator-error.ts";
import { zstd } from "#lib/codec/zstd.ts";
import { SyncedFile, meansFull, readWhole, syncDirectory, writeWhole } from "./disk-file.ts";
import { VOLUME_MODE, ioFailure } from "./volume-file.ts";
import { PACKED_HEADER_BYTES, packMethod, writePackedHeader } from "./packed-frame.ts";
import { PackedIndex } from "./packed-index.ts";
import type { AppendOutcome, Medium } from "./device.ts";
import type { PackedFrame } from "./packed-frame.ts";
import type { VolumeFile } from "./volume-file.ts";

/** A frame is closed when it stands for so many bytes: a seek into it costs little, and it still packs well. Longer blocks have frames of their own. */
const FRAME_BYTES = 1024 * 1024;

/** Level of zstd: records are packed in the device's thread, where speed counts. */
const LEVEL = 1;

/**
 * An open packed Volume (docs/formats/packed-volume.md): a file of frames, each a compressed run of what was appended. All addresses
 * are logical, as if nothing were packed. What cannot be expanded reads as zeros, in which the reader of blocks finds no block.
 */
export class PackedMedium implements Medium {
  readonly volume: string;
  readonly #name: VolumeFile;
  #file: SyncedFile;
  #index: PackedIndex;
  /** Whether nothing lies behind the last frame. A torn end is cut off only when something is to be written. */
  #isTrimmed = false;
  /** The plain bytes of one frame, and which. */
  #plain = new Uint8Array(0);
  #plainOf: PackedFrame | undefined;
  /** Room for a frame as it lies in the file. */
  #packed = new Uint8Array(0);

  private constructor(name: VolumeFile, fd: number, index: PackedIndex) {
    this.volume = name.volume;
    this.#name = name;
    this.#file = this.#owned(fd);
    this.#index = index;
  }

  /** Takes an open file. For appending, last frames that are not whole and intact count as never written. */
  static open(name: VolumeFile, fd: number, mode: "read" | "append"): PackedMedium {
    try {
      const index = PackedIndex.scan((into, address) => readWhole(fd, into, address), fstatSync(fd).size);
      const medium = new PackedMedium(name, fd, index);
      if (mode === "append") medium.#dropTornFrames();
      return medium;
    } catch (cause) {
      throw ioFailure(name, "reading it", cause);
    }
  }

  /** Writes a label into an empty file; durable on return. Throws what the kernel says. */
  static label(name: VolumeFile, fd: number, label: Uint8Array): PackedMedium {
    const medium = new PackedMedium(name, fd, new PackedIndex());
    medium.#writeFrame([label]);
    fsyncSync(fd);
    return medium;
  }

  get end(): number {
    return this.#index.end;
  }

  readAt(into: Uint8Array, address: number): number {
    const bytes = Math.max(0, Math.min(into.byteLength, this.end - address));
    try {
      for (let filled = 0; filled < bytes;) {
        filled += this.#readPart(into.subarray(filled, bytes), address + filled);
      }
    } catch (cause) {
      throw this.#failure(`reading at ${address}`, cause);
    }
    return bytes;
  }

  append(blocks: readonly Uint8Array[]): AppendOutcome {
    let done = 0;
    if (!this.#isTrimmed) this.#cutFile();
    while (done < blocks.length) {
      const group = groupFrom(blocks, done);
      try {
        this.#writeFrame(group);
      } catch (cause) {
        this.#cutFile();
        const reason = meansFull(cause);
        if (reason !== undefined) return { kind: "full", blocks: done, reason };
        throw this.#failure(`writing at ${this.end}`, cause);
      }
      done += group.length;
    }
    return { kind: "written" };
  }

  /** The label goes into a file of its own that takes the old one's place: a crash leaves the one or the other. */
  relabel(label: Uint8Array): void {
    const { path } = this.#name;
    try {
      const fd = openSync(`${path}.new`, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, VOLUME_MODE);
      const old = this.#file;
      this.#file = this.#owned(fd);
      this.#index = new PackedIndex();
      this.#plainOf = undefined;
      old.close();
      this.#writeFrame([label]);
      fsyncSync(fd);
      renameSync(`${path}.new`, path);
      syncDirectory(dirname(path));
    } catch (cause) {
      throw this.#failure("writing its label", cause);
    }
  }

  truncate(address: number): void {
    try {
      const cut = address < this.end ? this.#index.around(address).at : undefined;
      const keptBytes = cut === undefined ? 0 : Math.min(address - cut.start, cut.plainBytes);
      if (cut !== undefined && keptBytes > 0 && keptBytes < cut.plainBytes) {
        // What stays of the frame is written behind it and voids it: no byte that is to stay is ever written over.
        const kept = Uint8Array.from(this.#expanded(cut).subarray(0, keptBytes));
        this.#index.cut(cut.start + 1);
        this.#cutFile();
        this.#writeFrame([kept], cut.start);
        return;
      }
      this.#index.cut(address);
      this.#cutFile();
    } catch (cause) {
      throw this.#failure(`cutting it off at ${address}`, cause);
    }
  }

  startWriteback(): void {
    this.#file.startWriteback();
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** Packs the blocks into a frame and writes it behind the last one. Throws what the kernel says; nothing counts then. */
  #writeFrame(blocks: readonly Uint8Array[], start = this.end): void {
    const plainBytes = blocks.reduce((sum, block) => sum + block.byteLength, 0);
    const plain = this.#gathered(blocks, plainBytes);
    if (this.#packed.byteLength < PACKED_HEADER_BYTES + plainBytes)
      this.#packed = new Uint8Array(Math.max(PACKED_HEADER_BYTES + plainBytes, PACKED_HEADER_BYTES + FRAME_BYTES));
    const room = this.#packed.subarray(PACKED_HEADER_BYTES, PACKED_HEADER_BYTES + plainBytes - 1);
    const zipped = zstd().compress(room, plain, LEVEL);
    const method = zipped > 0 ? packMethod.zstd : packMethod.raw;
    const packedBytes = zipped > 0 ? zipped : plainBytes;
    if (zipped === 0) this.#packed.set(plain, PACKED_HEADER_BYTES);
    const frame = this.#packed.subarray(0, PACKED_HEADER_BYTES + packedBytes);
    const tag = this.#index.tag ?? randomBytes(8).readBigUint64BE();
    writePackedHeader(frame, { tag, start, plainBytes, method });
    const at = this.#index.fileEnd;
    writeWhole(this.#file.fd, frame, at);
    const payloadCrc = Buffer.from(frame.buffer, frame.byteOffset).readUInt32BE(32);
    this.#index.add({ tag, start, plainBytes, method, payloadAt: at + PACKED_HEADER_BYTES, packedBytes, payloadCrc });
  }

  /** The blocks as one run of bytes. */
  #gathered(blocks: readonly Uint8Array[], bytes: number): Uint8Array {
    const first = blocks[0];
    if (blocks.length === 1 && first !== undefined) return first;
    const plain = this.#plainRoom(bytes);
    this.#plainOf = undefined;
    let at = 0;
    for (const block of blocks) {
      plain.set(block, at);
      at += block.byteLength;
    }
    return plain;
  }

  /** Reads what one frame, or the gap before the next, has of `into`; answers the bytes. */
  #readPart(into: Uint8Array, address: number): number {
    const { at, next } = this.#index.around(address);
    const inside = at === undefined ? Infinity : address - at.start;
    if (at === undefined || inside >= at.plainBytes) {
      const gap = Math.min(into.byteLength, (next?.start ?? Infinity) - address);
      into.fill(0, 0, gap);
      return gap;
    }
    const bytes = Math.min(into.byteLength, at.plainBytes - inside);
    // A whole frame is expanded where it is wanted; a part of one comes from the frame that is kept.
    if (bytes === at.plainBytes && this.#plainOf !== at) this.#expand(at, into.subarray(0, bytes));
    else into.set(this.#expanded(at).subarray(inside, inside + bytes));
    return bytes;
  }

  #expanded(frame: PackedFrame): Uint8Array {
    const plain = this.#plainRoom(frame.plainBytes);
    if (this.#plainOf !== frame) {
      this.#plainOf = undefined;
      this.#expand(frame, plain);
      this.#plainOf = frame;
    }
    return plain;
  }

  #plainRoom(bytes: number): Uint8Array {
    if (this.#plain.byteLength < bytes) {
      this.#plain = new Uint8Array(Math.max(bytes, FRAME_BYTES));
      this.#plainOf = undefined;
    }
    return this.#plain.subarray(0, bytes);
  }

  /** The frame's bytes into `into`, which is as long; zeros if they cannot be had. */
  #expand(frame: PackedFrame, into: Uint8Array): void {
    const payload = this.#payload(frame);
    const isGood = payload !== undefined && unpacked(frame, payload, into);
    if (!isGood) into.fill(0);
  }

  /** The frame's payload as it lies in the file; undefined if it is damaged. A view that the next call overwrites. */
  #payload(frame: PackedFrame): Uint8Array | undefined {
    if (this.#packed.byteLength < frame.packedBytes) this.#packed = new Uint8Array(frame.packedBytes);
    const payload = this.#packed.subarray(0, frame.packedBytes);
    const bytes = readWhole(this.#file.fd, payload, frame.payloadAt);
    return bytes === frame.packedBytes && crc32(payload) === frame.payloadCrc ? payload : undefined;
  }

  #dropTornFrames(): void {
    for (let last = this.#index.last; last !== undefined && this.#payload(last) === undefined; last = this.#index.last)
      this.#index.cut(last.start);
  }

  /** Cuts off what the file has behind the last frame. */
  #cutFile(): void {
    try {
      ftruncateSync(this.#file.fd, this.#index.fileEnd);
      this.#isTrimmed = true;
    } catch (cause) {
      throw this.#failure("cutting off a half frame", cause);
    }
  }

  #failure(doing: string, cause: unknown): OperatorError {
    return ioFailure(this.#name, doing, cause);
  }

  #owned(fd: number): SyncedFile {
    return new SyncedFile(fd, { failure: (doing, cause) => this.#failure(doing, cause) });
  }
}

function unpacked(frame: PackedFrame, payload: Uint8Array, into: Uint8Array): boolean {
  if (frame.method === packMethod.zstd) return zstd().expand(into, payload) === frame.plainBytes;
  into.set(payload);
  return true;
}

/** The blocks from `from` on that go into one frame. */
function groupFrom(blocks: readonly Uint8Array[], from: number): readonly Uint8Array[] {
  let to = from;
  for (let bytes = 0; to < blocks.length; to += 1) {
    bytes += blocks[to]!.byteLength;
    if (to > from && bytes > FRAME_BYTES) break;
  }
  return blocks.slice(from, to);
}
