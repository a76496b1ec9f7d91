/** Places for FileIndexes of lost first names, after their count. */
const LOST_CELLS = 1024;

/** Bounds how late a cancel is seen that came between a check and the wait behind it. */
const WAIT_MS = 200;

/**
 * A few numbers that all threads of a backup share, so that a thread busy with files can be slowed and stopped without reading
 * messages. Every wait ends when credit comes or the job is canceled.
 */
export class ThreadControl {
  /** To be handed to threads. */
  readonly shared: SharedArrayBuffer;
  /** Cancel, then two cells a producer: what is under way, and messages sent to it. */
  readonly #cells: Int32Array;
  readonly #lost: Int32Array;

  constructor(shared?: SharedArrayBuffer, producers = 0) {
    this.shared = shared ?? new SharedArrayBuffer(4 * (LOST_CELLS + 1 + 2 * producers));
    this.#lost = new Int32Array(this.shared, 0, LOST_CELLS);
    this.#cells = new Int32Array(this.shared, 4 * LOST_CELLS);
  }

  /** Tells a producer that waits for messages that there is one. */
  sentMail(producer: number): void {
    const cell = 2 + 2 * producer;
    Atomics.add(this.#cells, cell, 1);
    Atomics.notify(this.#cells, cell);
  }

  /** In a producer: a number that changes with every message sent to it. */
  mail(producer: number): number {
    return Atomics.load(this.#cells, 2 + 2 * producer);
  }

  /** In a producer: waits until `mail` is another than this one, or a short while, or until the job is canceled. */
  awaitMail(producer: number, seen: number): void {
    if (!this.isCanceled) Atomics.wait(this.#cells, 2 + 2 * producer, seen, WAIT_MS);
  }

  /** Tells all threads that the first name of a hard-linked file could not be saved. Room for LOST_CELLS - 1 of them. */
  addLost(fileIndex: number): void {
    const place = Atomics.add(this.#lost, 0, 1) + 1;
    if (place < LOST_CELLS) Atomics.store(this.#lost, place, fileIndex);
  }

  /** True if this first name could not be saved, so that the next name must hold the data. Beyond the room for them: true for all. */
  isLost(fileIndex: number): boolean {
    const count = Atomics.load(this.#lost, 0);
    return count > 0 && (count >= LOST_CELLS || this.#lost.subarray(1, count + 1).includes(fileIndex));
  }

  get isCanceled(): boolean {
    return Atomics.load(this.#cells, 0) !== 0;
  }

  /** Stops all threads soon, also those that wait. */
  cancel(): void {
    Atomics.store(this.#cells, 0, 1);
    for (let cell = 1; cell < this.#cells.length; cell++) Atomics.notify(this.#cells, cell);
  }

  /** In a producer: counts `units` as under way and waits while `unitsMax` or more are. Answers false if canceled. */
  produce(producer: number, units: number, unitsMax: number): boolean {
    const cell = 1 + 2 * producer;
    Atomics.add(this.#cells, cell, units);
    for (;;) {
      if (this.isCanceled) return false;
      const underWay = Atomics.load(this.#cells, cell);
      if (underWay < unitsMax) return true;
      Atomics.wait(this.#cells, cell, underWay, WAIT_MS);
    }
  }

  /** In the consumer: `units` of a producer are dealt with. */
  consumed(producer: number, units: number): void {
    Atomics.sub(this.#cells, 1 + 2 * producer, units);
    Atomics.notify(this.#cells, 1 + 2 * producer);
  }
}
