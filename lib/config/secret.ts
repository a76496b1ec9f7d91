import { inspect } from "node:util";

/** What a secret shows of itself wherever it is printed. */
export const SECRET_SHOWN = "****";

/** A password of the configuration in clear text. It never prints: string, JSON and console.log all give `****`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The clear text. Call it where it is used, and keep it nowhere. */
  reveal(): string {
    return this.#text;
  }

  /** True if both hold the same text. */
  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return SECRET_SHOWN;
  }

  toJSON(): string {
    return SECRET_SHOWN;
  }

  [inspect.custom](): string {
    return SECRET_SHOWN;
  }
}
