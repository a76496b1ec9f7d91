/** Bytes of text kept for one Director until a console takes them; older text goes first. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Messages routed to `console`, kept until an operator asks for them with `messages`. Bounded: when full the oldest are dropped
 * and their number is told in their place.
 */
export class ConsoleMessages {
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  #bytes = 0;
  #dropped = 0;

  /** Adds one formatted message (prefix and line end included). */
  add(text: string): void {
    this.#lines.push(text);
    this.#bytes += text.length;
    while (this.#bytes > PENDING_BYTES_MAX && this.#lines.length > 1) {
      this.#bytes -= this.#lines.shift()!.length;
      this.#dropped++;
    }
    for (const listener of this.#listeners) listener();
  }

  /** True if `messages` would show something. */
  get waiting(): boolean {
    return this.#lines.length > 0;
  }

  /** All pending text in order of arrival; nothing is pending afterwards. */
  take(): string {
    const head = this.#dropped > 0 ? `(${this.#dropped} older messages were dropped: nobody took them)\n` : "";
    const text = head + this.#lines.join("");
    this.#lines.length = 0;
    this.#bytes = 0;
    this.#dropped = 0;
    return text;
  }

  /** Calls `listener` whenever a message arrives, until the returned function is called. */
  onMessage(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
