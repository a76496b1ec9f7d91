import { CHUNK_ID_BYTES } from "#lib/chunk/chunk-frame.ts";

/** Places of the table: identities of some 17 GB of file data. A power of two. */
const PLACES = 65_536;
const WORDS = CHUNK_ID_BYTES / 4;

/**
 * Chunks of which a thread knows that the store has them, or that they are on their way. Of fixed size: a new identity takes the place
 * of another, which costs a question later and nothing else.
 */
export class KnownChunks {
  readonly #words = new Int32Array(PLACES * WORDS);

  has(id: Buffer): boolean {
    const words = this.#words;
    const at = placeOf(id);
    for (let word = 0; word < WORDS; word++) if (words[at + word] !== id.readInt32LE(4 * word)) return false;
    return true;
  }

  add(id: Buffer): void {
    const words = this.#words;
    const at = placeOf(id);
    for (let word = 0; word < WORDS; word++) words[at + word] = id.readInt32LE(4 * word);
  }
}

function placeOf(id: Buffer): number {
  return (id.readInt32LE(0) & (PLACES - 1)) * WORDS;
}
