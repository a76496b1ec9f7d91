import { OperatorError } from "#lib/errors/operator-error.ts";

/** Largest FileIndex that a selection may hold: two bits a file and half a billion files are 64 MiB. */
const INDEX_MAX = 2 ** 29;

/** FileIndexes of one job: one bit each, so that ten million files take little more than a megabyte. */
export class IndexSet {
  #words = new Uint32Array(1024);
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds one; false if it was there. Throws VALUE_REFUSED for what is no FileIndex. */
  add(index: number): boolean {
    if (!Number.isInteger(index) || index < 1 || index > INDEX_MAX)
      throw new OperatorError("VALUE_REFUSED", `the catalog holds a FileIndex ${index}, which no job can have`);
    const word = index >>> 5;
    if (word >= this.#words.length) this.#grow(word);
    const bit = 1 << (index & 31);
    if ((this.#words[word]! & bit) !== 0) return false;
    this.#words[word]! |= bit;
    this.#count += 1;
    return true;
  }

  /** True if it is there. */
  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** The indexes from `first` to `last`, both included, as ranges in ascending order. */
  *ranges(first = 1, last = INDEX_MAX): Generator<{ readonly first: number; readonly last: number }> {
    const end = Math.min(last, this.#words.length * 32 - 1);
    let start = 0;
    for (let index = first; index <= end; index++) {
      if ((index & 31) === 0 && start === 0 && this.#words[index >>> 5] === 0) index += 31;
      else if (this.has(index)) start ||= index;
      else if (start !== 0) {
        yield { first: start, last: index - 1 };
        start = 0;
      }
    }
    if (start !== 0) yield { first: start, last: end };
  }

  #grow(word: number): void {
    const larger = new Uint32Array(Math.max(word + 1, this.#words.length * 2));
    larger.set(this.#words);
    this.#words = larger;
  }
}
