/** Places for FileIndexes of lost first names, after their count. */
const LOST_CELLS = 1024;

/**
 * A few numbers that all threads of a backup share, so that a thread busy with files can be slowed and stopped without reading
 * messages. Every wait ends when credit comes or the job is canceled.
 */
export class ThreadControl {
  /** To be handed to threads. */
  readonly shared: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #lost: Int32Array;

  constructor(shared?: SharedArrayBuffer, producers = 0) {
    this.shared = shared ?? new SharedArrayBuffer(4 * (LOST_CELLS + 1 + producers));
    this.#lost = new Int32Array(this.shared, 0, LOST_CELLS);
    this.#cells = new Int32Array(this.shared, 4 * LOST_CELLS);
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
    const cell = 1 + producer;
    Atomics.add(this.#cells, cell, units);
    for (;;) {
      if (this.isCanceled) return false;
      const underWay = Atomics.load(this.#cells, cell);
      if (underWay < unitsMax) return true;
      // The timeout only bounds how late a cancel is seen that came between the check and the wait.
      Atomics.wait(this.#cells, cell, underWay, 200);
    }
  }

  /** In the consumer: `units` of a producer are dealt with. */
  consumed(producer: number, units: number): void {
    Atomics.sub(this.#cells, 1 + producer, units);
    Atomics.notify(this.#cells, 1 + producer);
  }
}
