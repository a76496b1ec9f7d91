import { BlockReader } from "./block-reader.ts";
import { isIntact, readBlockHeader } from "./block.ts";
import type { TapeBlock, TapeSide } from "../device/device.ts";
import type { BlockSource, BlockWalk, Damage, ReadBlock } from "./block-reader.ts";

/** What reads a Volume block by block. `chunkBytes`: bytes fetched from a disk in one call. */
export function walkBlocks(source: BlockSource, onDamage: (damage: Damage) => void, chunkBytes?: number): BlockWalk {
  return source.tape === undefined ? new BlockReader(source, onDamage, chunkBytes) : new TapeBlockReader(source.tape, onDamage);
}

/** Reads the blocks of a tape: each is one, whatever its bytes say, so what is damaged is passed over by itself. */
class TapeBlockReader implements BlockWalk {
  readonly #tape: TapeSide;
  readonly #onDamage: (damage: Damage) => void;
  #address = 0;

  constructor(tape: TapeSide, onDamage: (damage: Damage) => void) {
    this.#tape = tape;
    this.#onDamage = onDamage;
  }

  get address(): number {
    return this.#address;
  }

  seek(address: number): void {
    this.#address = address;
  }

  next(): ReadBlock | undefined {
    for (;;) {
      const found = this.#tape.readBlock(this.#address);
      if (found === undefined) return undefined;
      const { address } = found;
      this.#address = address + 1;
      const block = blockOf(found);
      if (typeof block === "object") return block;
      const bytes = found.kind === "bad" ? found.bytes : found.bytes.byteLength;
      this.#onDamage({ address, bytes, reason: block });
    }
  }
}

/** The block that was read, or why it is none. */
function blockOf(found: TapeBlock): ReadBlock | string {
  if (found.kind === "bad") return found.reason;
  const { address, bytes } = found;
  const header = readBlockHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (header === undefined) return "it is no block of a Volume";
  if (header.size > bytes.byteLength) return `the block says ${header.size} bytes, but the tape has ${bytes.byteLength}`;
  const own = bytes.subarray(0, header.size);
  return isIntact(own, header) ? { address, header, bytes: own } : `the checksum of block ${header.number} is wrong`;
}
