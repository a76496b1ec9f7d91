import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { BIN } from "../service/daemons.ts";

/** Marks the end of a command's output; `@echo` prints it. */
const MARK = "quickstart-mark";

/** A bconsole kept open, fed with lines as a script would feed it. */
export class ScriptedConsole implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = "";
  #marks = 0;
  #wake: () => void = () => {};

  constructor(configFile: string) {
    this.#child = spawn(join(BIN, "bconsole"), ["-c", configFile], { stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        this.#wake();
      });
    }
    this.#child.stdin.on("error", () => {}); // seen as an early end
    this.#child.once("error", () => this.#wake());
    this.#child.once("close", () => this.#wake());
  }

  /** Types a line and gives what came of it. Throws SETUP_CONSOLE if the console ends instead. */
  async type(line: string): Promise<string> {
    const mark = `${MARK}-${++this.#marks}`;
    this.#output = "";
    this.#child.stdin.write(`${line}\n@echo ${mark}\n`);
    // The echo of the input line holds the mark too; its own output is the line that holds nothing else.
    while (!this.#output.split("\n").some((one) => one.trim() === mark)) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new OperatorError("SETUP_CONSOLE", `bconsole ended at "${line}":\n${this.#output.trim()}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#output.slice(0, this.#output.lastIndexOf(mark)).replace(`@echo ${mark}\n`, "").replace(`${line}\n`, "");
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end("quit\n");
    this.#child.kill();
  }
}
