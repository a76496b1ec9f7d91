import { spawn, type ChildProcess } from "node:child_process";
import type { MessageType } from "#lib/config/message-routes.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

/** Syslog priorities (facility daemon = 3 << 3) by message type. */
const DAEMON = 3 << 3;
const severities: Partial<Readonly<Record<MessageType, number>>> = {
  Abort: 3,
  Fatal: 3,
  Error: 3,
  ErrorTerm: 3,
  Warning: 4,
  Security: 4,
  Alert: 1,
  Mount: 5,
  Debug: 7,
};

/** Bytes that may wait for the system log; lines beyond are dropped and counted. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** Lines to the system log through the system's `logger` program: Node itself speaks no datagrams to /dev/log. */
export class Syslog implements AsyncDisposable {
  readonly #tag: string;
  readonly #onFailure: (text: string, error: unknown) => void;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #dropped = 0;

  constructor(tag: string, onFailure: (text: string, error: unknown) => void, program = "logger") {
    this.#tag = tag;
    this.#onFailure = onFailure;
    this.#program = program;
  }

  /** Hands a line over; never waits and never throws. */
  write(type: MessageType, text: string): void {
    this.#child ??= this.#start();
    const stdin = this.#child.stdin;
    if (stdin === null || stdin.writableLength > WAITING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0)
      stdin.write(`<${DAEMON | 4}>${this.#dropped} messages were dropped: the system log did not take them\n`);
    this.#dropped = 0;
    for (const line of text.trimEnd().split("\n")) stdin.write(`<${DAEMON | (severities[type] ?? 6)}>${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdin?.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
    await closed;
    clearTimeout(timer);
  }

  #start(): ChildProcess {
    const child = spawn(this.#program, ["--prio-prefix", "--tag", this.#tag], { stdio: ["pipe", "ignore", "ignore"] });
    const failed = (reason: string) => {
      if (this.#child !== child) return;
      this.#child = undefined; // the next line starts another one
      this.#onFailure(
        `messages cannot be written to the system log: ${reason}`,
        new OperatorError("MESSAGE_DESTINATION_FAILED", reason),
      );
    };
    child.once("error", (error) => failed(`${this.#program}: ${error.message}`));
    child.once("close", (code) => {
      if (code !== 0 && code !== null) failed(`${this.#program} ended with status ${code}`);
      else if (this.#child === child) this.#child = undefined;
    });
    child.stdin?.on("error", () => {}); // "close" tells
    child.unref();
    return child;
  }
}
