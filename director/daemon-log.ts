import type { RpcLog } from "#lib/rpc/server.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { JobMessages } from "./messages/job-messages.ts";

/** The Director's own log: messages of JobId 0, and until the catalog is open lines on standard error. */
export class DaemonLog implements RpcLog {
  readonly #name: string;
  #messages: JobMessages | null = null;
  debugLevel = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** From now on lines go where the Director's Messages resource says. */
  routeTo(messages: JobMessages): void {
    this.#messages = messages;
  }

  info(text: string): void {
    this.#say("Info", text);
  }

  security(text: string): void {
    this.#say("Security", text);
  }

  error(text: string, error: unknown): void {
    // A fault of ours: the stack helps who mends it, an operator's error has none worth showing.
    const detail = error instanceof Error && error.name !== "OperatorError" && this.debugLevel > 0 ? (error.stack ?? error.message) : describeError(error);
    this.#say("Error", `${text}: ${detail}`);
  }

  /** For fault finding: shown only when `setdebug` or -d asks for it. */
  debug(level: number, text: string): void {
    if (level <= this.debugLevel) process.stdout.write(`${this.#name}: ${text}\n`);
  }

  #say(type: "Info" | "Security" | "Error", text: string): void {
    if (this.#messages === null) process.stderr.write(`${this.#name}: ${text}\n`);
    else this.#messages.say(type, text).catch((failure: unknown) => process.stderr.write(`${this.#name}: ${text} (${describeError(failure)})\n`));
  }
}
