/** Lets at most `slots` holders in at once; the others wait in order. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** `slots` of 1 makes a mutex. */
  constructor(slots: number) {
    this.#free = slots;
  }

  /** Waits for a slot; the holder must call `release` once. */
  async acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Gives the slot to the next waiter, or back. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
