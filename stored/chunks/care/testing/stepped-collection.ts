import { collect } from "../collect.ts";
import type { CareDomain } from "../care-domain.ts";
import type { Collected } from "../collect.ts";
import type { Pace } from "../pace.ts";

/** A collection that goes on only as far as it is let: others do what they want between any two of its steps. */
export class SteppedCollection implements Pace {
  readonly done: Promise<Collected>;
  isDone = false;
  #permits = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #arrival = Promise.withResolvers<void>();

  constructor(domain: CareDomain, livePercent: number) {
    this.done = collect(domain, livePercent, this).finally(() => {
      this.isDone = true;
      this.#arrival.resolve();
    });
    this.done.catch(() => {});
  }

  async step(): Promise<void> {
    if (this.#permits > 0) {
      this.#permits--;
      return;
    }
    this.#gate = Promise.withResolvers();
    this.#arrival.resolve();
    await this.#gate.promise;
  }

  async spend(): Promise<void> {
    await this.step();
  }

  /** Lets it do `steps` more steps without waiting for them. */
  release(steps: number): void {
    this.#permits += steps;
    const gate = this.#gate;
    if (gate === undefined || this.#permits === 0) return;
    this.#permits--;
    this.#gate = undefined;
    this.#arrival = Promise.withResolvers();
    if (this.isDone) this.#arrival.resolve();
    gate.resolve();
  }

  /** Lets it do `steps` more steps and waits until it stands again, or has ended. */
  async advance(steps: number): Promise<void> {
    await this.#arrival.promise;
    this.release(steps);
    await this.#arrival.promise;
  }

  /** Lets it go on to its end. */
  async finish(): Promise<Collected> {
    await this.#arrival.promise;
    this.release(Number.MAX_SAFE_INTEGER / 2);
    return await this.done;
  }
}
