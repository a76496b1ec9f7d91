const EMPTY = 0;
const FIRST_SLOTS = 1024;
const ARENA_BYTES = 1024 * 1024;

/** Where a hard-linked file was first met. */
export interface FirstLink {
  readonly fileIndex: number;
  /** Its path as saved (byte string). */
  readonly path: string;
}

/**
 * Remembers the first name of each file with several links. Memory: about 32 bytes a file plus the length of its name; directories'
 * names are kept once. Lives as long as a walk. An entry is dropped in effect when all links were seen (its slot stays).
 */
export class HardLinks {
  #slots = FIRST_SLOTS;
  #used = 0;
  /** Per slot: entry number, or 0. */
  #table = new Uint32Array(FIRST_SLOTS);
  /** Per entry: inode and device. */
  #keys = new BigUint64Array(2 * FIRST_SLOTS);
  /** Per entry: FileIndex, arena block, start, bytes of name, directory number. */
  #facts = new Int32Array(5 * FIRST_SLOTS);
  readonly #arena: Buffer[] = [];
  #arenaEnd = ARENA_BYTES;
  readonly #directories: string[] = [];
  #lastDirectory = "";

  /** Files remembered. */
  get size(): number {
    return this.#used;
  }

  /** The first name met of this file, if any; else remembers this one and answers undefined. */
  meet(dev: bigint, ino: bigint, path: string, fileIndex: number): FirstLink | undefined {
    let slot = this.#find(dev, ino);
    const found = this.#table[slot]!;
    if (found !== EMPTY) return this.#entry(found);
    if ((this.#used + 1) * 2 > this.#slots) {
      this.#grow();
      slot = this.#find(dev, ino);
    }
    const entry = ++this.#used;
    this.#table[slot] = entry;
    this.#keys[2 * entry] = BigInt.asUintN(64, ino);
    this.#keys[2 * entry + 1] = BigInt.asUintN(64, dev);
    this.#put(entry, path, fileIndex);
    return undefined;
  }

  #entry(entry: number): FirstLink {
    const at = 5 * entry;
    const block = this.#arena[this.#facts[at + 1]!]!;
    const start = this.#facts[at + 2]!;
    const name = block.toString("latin1", start, start + this.#facts[at + 3]!);
    return { fileIndex: this.#facts[at]!, path: this.#directories[this.#facts[at + 4]!]! + name };
  }

  #put(entry: number, path: string, fileIndex: number): void {
    const cut = path.lastIndexOf("/") + 1;
    const directory = path.slice(0, cut);
    if (this.#directories.length === 0 || directory !== this.#lastDirectory) {
      this.#directories.push(directory);
      this.#lastDirectory = directory;
    }
    const bytes = path.length - cut;
    if (this.#arenaEnd + bytes > ARENA_BYTES) {
      this.#arena.push(Buffer.alloc(Math.max(ARENA_BYTES, bytes)));
      this.#arenaEnd = 0;
    }
    this.#arena.at(-1)!.write(path.slice(cut), this.#arenaEnd, "latin1");
    this.#facts.set([fileIndex, this.#arena.length - 1, this.#arenaEnd, bytes, this.#directories.length - 1], 5 * entry);
    this.#arenaEnd += bytes;
  }

  #find(dev: bigint, ino: bigint): number {
    const inode = BigInt.asUintN(64, ino);
    const device = BigInt.asUintN(64, dev);
    const mask = this.#slots - 1;
    let slot = hash(inode, device) & mask;
    for (;;) {
      const entry = this.#table[slot]!;
      if (entry === EMPTY || (this.#keys[2 * entry] === inode && this.#keys[2 * entry + 1] === device)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    this.#slots *= 2;
    this.#table = new Uint32Array(this.#slots);
    const keys = new BigUint64Array(2 * this.#slots);
    keys.set(this.#keys);
    const facts = new Int32Array(5 * this.#slots);
    facts.set(this.#facts);
    this.#keys = keys;
    this.#facts = facts;
    const mask = this.#slots - 1;
    for (let entry = 1; entry <= this.#used; entry++) {
      let slot = hash(keys[2 * entry]!, keys[2 * entry + 1]!) & mask;
      while (this.#table[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#table[slot] = entry;
    }
  }
}

function hash(inode: bigint, device: bigint): number {
  const low = Number(BigInt.asUintN(32, inode ^ (inode >> 32n)));
  const mixed = Math.imul(low ^ Math.imul(Number(BigInt.asUintN(32, device)), 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
