import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Gives programs a terminal: util-linux, essential on Debian. */
export const SCRIPT = "/usr/bin/script";

/** Longest wait for a text. */
const EXPECT_MS = 120_000;

/** A program at a terminal, typed to and read like a person does. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #seen = "";
  #from = 0;
  #status: number | null = null;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#seen += text));
    child.on("exit", (status) => (this.#status = status ?? -1));
    child.stdin.on("error", () => {}); // the program has ended; expect() tells
  }

  /** Starts a program on a new terminal of 80 columns. */
  static start(command: readonly string[], env: Readonly<Record<string, string>>): Terminal {
    const line = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
    return new Terminal(
      spawn(SCRIPT, ["-qfec", `stty cols 80; exec ${line}`, "/dev/null"], { env: { ...process.env, ...env } }),
    );
  }

  /** Types; \r is the return key, \x03 is Ctrl-C. */
  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Waits until the text shows behind what was expected before; gives what stood up to its end. */
  async expect(wanted: string | RegExp): Promise<string> {
    const deadline = Date.now() + EXPECT_MS;
    for (;;) {
      const fresh = this.#seen.slice(this.#from);
      const found = typeof wanted === "string" ? textMatch(fresh, wanted) : wanted.exec(fresh);
      if (found !== null) {
        const end = found.index + found[0].length;
        this.#from += end;
        return fresh.slice(0, end);
      }
      if (Date.now() > deadline) throw new Error(`the terminal does not show ${wanted}; it shows:\n${fresh.slice(-4000)}`);
      await sleep(20);
    }
  }

  /** Waits for the end of the program; gives its exit status. */
  async ended(): Promise<number> {
    const deadline = Date.now() + EXPECT_MS;
    while (this.#status === null) {
      if (Date.now() > deadline) throw new Error("the program at the terminal does not end");
      await sleep(20);
    }
    return this.#status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await Promise.resolve();
  }
}

function textMatch(text: string, wanted: string): { readonly index: number; readonly 0: string } | null {
  const index = text.indexOf(wanted);
  return index < 0 ? null : { index, 0: wanted };
}
