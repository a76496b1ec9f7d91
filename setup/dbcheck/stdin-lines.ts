import { createInterface, type Interface } from "node:readline";

/** Lines of standard input, one when it is asked for; undefined at its end. Nothing is read before the first question. */
export class StdinLines implements Disposable {
  #interface: Interface | undefined;
  #lines: AsyncIterator<string> | undefined;

  async next(): Promise<string | undefined> {
    this.#interface ??= createInterface({ input: process.stdin });
    this.#lines ??= this.#interface[Symbol.asyncIterator]();
    const line = await this.#lines.next();
    return line.done === true ? undefined : line.value;
  }

  [Symbol.dispose](): void {
    if (this.#interface === undefined) return;
    this.#interface.close();
    process.stdin.destroy();
  }
}
