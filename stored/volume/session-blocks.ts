import { RECORD_HEADER_BYTES } from "#lib/wire/record.ts";
import { invariant } from "#lib/base/assert.ts";
import { BLOCK_HEADER_BYTES } from "./format.ts";
import type { SessionKey } from "./block.ts";

/** A block that is complete but for its header: where it will lie, and so its number and checksum, is not known yet. */
export interface FilledBlock {
  /** Whole block; the first BLOCK_HEADER_BYTES are free for the header. */
  readonly bytes: Uint8Array;
  readonly session: SessionKey;
  /** 1, 2, 3 ... within the session. */
  readonly sequence: number;
  /** First and last FileIndex of which a part lies in the block; 0: only labels. */
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/** What SessionBlocks is made of. */
export interface SessionBlocksOptions {
  readonly session: SessionKey;
  /** A buffer as long as the longest block may be. */
  readonly takeBuffer: () => Uint8Array;
  /** Called with each block as it fills. */
  readonly onBlock: (block: FilledBlock) => void;
  /** Shorter blocks are padded with zeros to this; 0: never. */
  readonly blockBytesMin: number;
}

/** Lays the records of one session into blocks. A record that does not fit goes on in the next block, under the negative stream. */
export class SessionBlocks {
  readonly session: SessionKey;
  readonly #options: SessionBlocksOptions;
  #bytes: Uint8Array;
  #view: DataView;
  #end = BLOCK_HEADER_BYTES;
  #sequence = 1;
  #firstIndex = 0;
  #lastIndex = 0;

  constructor(options: SessionBlocksOptions) {
    this.session = options.session;
    this.#options = options;
    this.#bytes = options.takeBuffer();
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
  }

  /** Sequence of the block that is being filled. What was appended so far lies in this block or before it. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Sequence of the last block that holds something. */
  get lastUsedSequence(): number {
    return this.isEmpty ? this.#sequence - 1 : this.#sequence;
  }

  /** Whether the block that is being filled holds nothing yet. */
  get isEmpty(): boolean {
    return this.#end === BLOCK_HEADER_BYTES;
  }

  /** Adds a record whose data are bytes `from` to `to` of `source`. */
  append(
    record: { readonly fileIndex: number; readonly stream: number },
    source: Uint8Array,
    from = 0,
    to = source.byteLength,
  ): void {
    let stream = record.stream;
    let at = from;
    do {
      // A header alone at the end of a block would say nothing; Bacula too wants room for more than it.
      if (this.#bytes.byteLength - this.#end <= RECORD_HEADER_BYTES) this.flush();
      const part = Math.min(to - at, this.#bytes.byteLength - this.#end - RECORD_HEADER_BYTES);
      this.#put(record.fileIndex, stream, to - at, source, at, part);
      at += part;
      stream = -record.stream;
    } while (at < to);
  }

  /** Adds a label record, which is never split. */
  appendLabel(type: number, stream: number, data: Uint8Array): void {
    invariant(
      BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + data.byteLength <= this.#bytes.byteLength,
      "a label fits into a block",
    );
    if (this.#end + RECORD_HEADER_BYTES + data.byteLength > this.#bytes.byteLength) this.flush();
    this.#put(type, stream, data.byteLength, data, 0, data.byteLength);
  }

  /** Ends the block at hand, however short; nothing happens when it is empty. */
  flush(): void {
    if (this.isEmpty) return;
    const end = Math.max(this.#end, Math.min(this.#options.blockBytesMin, this.#bytes.byteLength));
    this.#bytes.fill(0, this.#end, end);
    this.#options.onBlock({
      bytes: this.#bytes.subarray(0, end),
      session: this.session,
      sequence: this.#sequence,
      firstIndex: this.#firstIndex,
      lastIndex: this.#lastIndex,
    });
    this.#bytes = this.#options.takeBuffer();
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#end = BLOCK_HEADER_BYTES;
    this.#sequence += 1;
    this.#firstIndex = 0;
    this.#lastIndex = 0;
  }

  #put(fileIndex: number, stream: number, dataSize: number, source: Uint8Array, at: number, part: number): void {
    const view = this.#view;
    const start = this.#end;
    view.setInt32(start, fileIndex);
    view.setInt32(start + 4, stream);
    view.setUint32(start + 8, dataSize);
    if (part > 0) this.#bytes.set(source.subarray(at, at + part), start + RECORD_HEADER_BYTES);
    this.#end = start + RECORD_HEADER_BYTES + part;
    if (fileIndex > 0) {
      if (this.#firstIndex === 0) this.#firstIndex = fileIndex;
      this.#lastIndex = fileIndex;
    }
  }
}
