import { createHash } from "node:crypto";

/** A stream of numbers that is the same for the same seed on every machine. */
export class Seeded {
  readonly #seed: string;
  #at = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A number from 0 up to, and not including, `below`. */
  below(below: number): number {
    const digest = createHash("sha256")
      .update(`${this.#seed} ${this.#at++}`)
      .digest();
    return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * below);
  }

  /** One of these. */
  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }
}
