/** A map of bounded size that forgets what was not asked for during its last half filling; two plain maps, no list to keep in order. */
export class GenerationCache<Key, Value> {
  readonly #half: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** Holds at most `entriesMax` entries. */
  constructor(entriesMax: number) {
    this.#half = Math.ceil(entriesMax / 2);
  }

  /** The value, which thereby counts as used. */
  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Adds or replaces. */
  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** Forgets one entry. */
  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
