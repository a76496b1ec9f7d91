import type { Logger } from "pino";
import { levelOf } from "#lib/daemon/logger.ts";
import type { RpcLog } from "#lib/rpc/server.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import type { JobMessages } from "./messages/job-messages.ts";

/** The Director's own log: the log of its process, and messages of JobId 0 where its Messages resource says. */
export class DaemonLog implements RpcLog {
  readonly #log: Logger;
  #messages: JobMessages | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** From now on lines go where the Director's Messages resource says, too. */
  routeTo(messages: JobMessages): void {
    this.#messages = messages;
  }

  /** What an operator should look at. */
  warning(text: string): void {
    this.#log.warn(text);
    this.#say("Warning", text);
  }

  /** What happens all the time: only in the log of the process. */
  info(text: string): void {
    this.#log.info(text);
  }

  security(text: string): void {
    this.#log.warn({ security: true }, text);
    this.#say("Security", text);
  }

  error(text: string, error: unknown): void {
    const line = `${text}: ${describeError(error)}`;
    this.#log.error({ err: error }, line);
    this.#say("Error", line);
  }

  /** What an operator should find among the messages. */
  notice(text: string): void {
    this.#log.info(text);
    this.#say("Info", text);
  }

  /** What `setdebug` sets. */
  setDebugLevel(level: number): void {
    this.#log.level = levelOf(level);
  }

  #say(type: "Info" | "Warning" | "Security" | "Error", text: string): void {
    this.#messages
      ?.say(type, text)
      .catch((failure: unknown) => this.#log.error(`a message could not be kept: ${describeError(failure)}`));
  }
}
