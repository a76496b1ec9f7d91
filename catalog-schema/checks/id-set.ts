/** Ids of one page of the set: 8 KiB of bits. */
const PAGE_IDS = 65_536;

/** A set of row numbers that takes a bit for each where they lie close together, as those of a table do. */
export class IdSet {
  readonly #pages = new Map<number, Uint8Array>();

  /** Adds an id; false if it was there. */
  add(id: number): boolean {
    const number = Math.floor(id / PAGE_IDS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_IDS / 8);
      this.#pages.set(number, page);
    }
    const at = (id % PAGE_IDS) >> 3;
    const bit = 1 << (id % 8);
    const before = page[at] ?? 0;
    page[at] = before | bit;
    return (before & bit) === 0;
  }

  has(id: number): boolean {
    const page = this.#pages.get(Math.floor(id / PAGE_IDS));
    return page !== undefined && ((page[(id % PAGE_IDS) >> 3] ?? 0) & (1 << (id % 8))) !== 0;
  }
}
