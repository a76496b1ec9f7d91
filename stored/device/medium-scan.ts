import { walkBlocks } from "../volume/walk-blocks.ts";
import type { BlockWalk } from "../volume/block-reader.ts";
import type { Medium } from "./device.ts";

/** What one step of a scan has shown. */
export interface ScanStep {
  readonly blocks: number;
  readonly bytes: number;
  readonly bad: readonly BadStretch[];
  /** Damaged stretches so far, those that are not told one by one included. */
  readonly badBlocks: number;
  readonly isDone: boolean;
}

/** A stretch of the medium that holds no intact block. */
export interface BadStretch {
  readonly address: number;
  readonly bytes: number;
  readonly reason: string;
}

/** Stretches that are told one by one; more are counted. */
const TOLD_MAX = 1000;

/** Reads a whole medium, block after block, in steps, so that others get their turn on the device's thread. */
export class MediumScan implements Disposable {
  readonly #medium: Medium;
  readonly #reader: BlockWalk;
  #blocks = 0;
  #bytes = 0;
  #badBlocks = 0;
  #bad: BadStretch[] = [];

  constructor(medium: Medium) {
    this.#medium = medium;
    this.#reader = walkBlocks(medium, (damage) => this.#damaged(damage));
  }

  /** Reads on, about so many bytes. DEVICE_IO_FAILED when the medium cannot be read at all. */
  step(bytes: number): ScanStep {
    const stop = this.#bytes + bytes;
    let isDone = false;
    while (!isDone && this.#bytes < stop) {
      const block = this.#reader.next();
      if (block === undefined) isDone = true;
      else {
        this.#blocks += 1;
        this.#bytes += block.header.size;
      }
    }
    const bad = this.#bad;
    this.#bad = [];
    return { blocks: this.#blocks, bytes: this.#bytes, bad, badBlocks: this.#badBlocks, isDone };
  }

  [Symbol.dispose](): void {
    this.#medium[Symbol.dispose]();
  }

  #damaged(stretch: BadStretch): void {
    this.#badBlocks += 1;
    this.#bytes += stretch.bytes;
    if (this.#badBlocks <= TOLD_MAX) this.#bad.push(stretch);
  }
}
