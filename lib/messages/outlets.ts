import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, type Clock } from "#lib/base/clock.ts";
import type { PercentValues } from "#lib/config/percent-codes.ts";
import type { MessageRoute, MessagesResource } from "#lib/config/message-routes.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { MailQueue } from "./mail-queue.ts";
import { formatMessage, type OutgoingMessage } from "./message.ts";
import { rotateIfFull } from "./rotate-file.ts";
import { routesOf, type MailOutcome } from "./routing.ts";
import { Syslog } from "./syslog.ts";

/** What the destinations of a daemon are made of. */
export interface MessageOutletsOptions {
  /** Resource name of the daemon: tag in the system log. */
  readonly daemon: string;
  readonly workingDirectory: string;
  /** A destination refused; told in the daemon's own log. Never called for a message about such a failure. */
  readonly onFailure: (text: string, error: unknown) => void;
  readonly clock?: Clock;
}

/** How often mail that could not be sent is tried again. */
const RETRY_MAIL_MS = 15 * 60_000;

/** Messages of no job wait so long for others, to go out in one mail. */
const MAIL_TOGETHER_MS = 300_000;

/**
 * The destinations of messages that a daemon serves itself: file, append, stdout, stderr, syslog, mail, mailonerror, mailonsuccess,
 * operator. Console, catalog and director are the caller's: it knows what they are. A destination that fails hinders no other.
 */
export class MessageOutlets implements AsyncDisposable {
  readonly #options: MessageOutletsOptions;
  readonly #begun = new Set<string>();
  readonly #unrotated = new Set<string>();
  readonly #syslog: Syslog;
  readonly #pending = new Set<Promise<void>>();
  /** Messages resources with mail of no job that waits. */
  readonly #unmailed = new Map<string, { readonly timer: NodeJS.Timeout; readonly send: () => void }>();
  #mail: MailQueue | undefined;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: MessageOutletsOptions) {
    this.#options = options;
    this.#syslog = new Syslog(options.daemon, options.onFailure);
  }

  /** Gives a message to every destination of the resource that takes it. Never throws. */
  deliver(resource: MessagesResource, message: OutgoingMessage, values: PercentValues = {}): void {
    const text = formatMessage(message);
    for (const route of routesOf(resource, message)) {
      try {
        this.#give(resource, route, message, text, values);
      } catch (error) {
        this.#options.onFailure(
          `messages cannot be delivered to ${route.destination} ${route.addresses.join(", ")}: ${describeError(error)}`,
          error,
        );
      }
    }
  }

  /** A job has ended: its mails are sent. Resolves when the mail program has answered; never rejects. */
  jobEnded(resource: MessagesResource, jobId: number, outcome: MailOutcome, values: PercentValues): Promise<void> {
    if (!resource.routes.some((route) => route.destination.startsWith("Mail"))) return Promise.resolve();
    return this.#watched(this.#mailQueue().jobEnded(resource, jobId, outcome, values));
  }

  /** Mails a text before the job has ended, to Mail and Mail On Error. Resolves when the mail program has answered; never rejects. */
  mailNow(resource: MessagesResource, jobId: number, text: string, values: PercentValues): Promise<void> {
    const routes = resource.routes.filter(({ destination }) => destination === "Mail" || destination === "MailOnError");
    const sent = routes.map(async (route) => await this.#mailQueue().sendNow(route, text, { JobId: jobId, ...values }));
    return this.#watched(Promise.all(sent).then(() => {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#retryTimer);
    for (const { timer, send } of [...this.#unmailed.values()]) {
      clearTimeout(timer);
      send();
    }
    await Promise.all(this.#pending);
    await this.#syslog[Symbol.asyncDispose]();
  }

  #give(resource: MessagesResource, route: MessageRoute, message: OutgoingMessage, text: string, values: PercentValues): void {
    switch (route.destination) {
      case "Stdout":
        process.stdout.write(text);
        return;
      case "Stderr":
        process.stderr.write(text);
        return;
      case "Append":
      case "File":
        for (const path of route.addresses) this.#toFile(route.destination, path, text);
        return;
      case "Syslog":
        this.#syslog.write(message.type, text);
        return;
      case "Mail":
      case "MailOnError":
      case "MailOnSuccess":
        this.#mailQueue().collect(resource, route, message.jobId, text);
        if (message.jobId === 0) this.#mailSoon(resource, { JobId: 0, Daemon: message.daemon, ...values });
        return;
      case "Operator":
        void this.#watched(this.#mailQueue().sendNow(route, text, { JobId: message.jobId, Daemon: message.daemon, ...values }));
        return;
      case "Console":
      case "Catalog":
      case "Director":
        return; // the caller's
    }
  }

  /** `file` begins anew when the daemon starts, `append` does not; both when they are full. */
  #toFile(destination: "Append" | "File", path: string, text: string): void {
    if (destination === "File" && !this.#begun.has(path)) writeFileSync(path, text, { mode: 0o600 });
    else {
      this.#rotate(path);
      appendFileSync(path, text, { mode: 0o600 });
    }
    this.#begun.add(path);
  }

  /** A file that cannot be put aside grows on: no message is lost for that. Told once. */
  #rotate(path: string): void {
    try {
      rotateIfFull(path);
    } catch (error) {
      if (this.#unrotated.has(path)) return;
      this.#unrotated.add(path);
      this.#options.onFailure(`${path} is full and cannot be put aside; it grows on: ${describeError(error)}`, error);
    }
  }

  /** Messages of no job have no end to wait for: those of five minutes go out together, to the lines for failed jobs too. */
  #mailSoon(resource: MessagesResource, values: PercentValues): void {
    if (this.#unmailed.has(resource.name)) return;
    const send = (): void => {
      this.#unmailed.delete(resource.name);
      void this.#watched(this.#mailQueue().jobEnded(resource, 0, "failure", values));
    };
    const timer = setTimeout(send, MAIL_TOGETHER_MS);
    timer.unref();
    this.#unmailed.set(resource.name, { timer, send });
  }

  #mailQueue(): MailQueue {
    if (this.#mail === undefined) {
      const { workingDirectory, daemon, onFailure, clock = systemClock } = this.#options;
      const mail = new MailQueue({ directory: join(workingDirectory, `${daemon}.mail`), clock, onFailure });
      this.#mail = mail;
      this.#retryTimer = setInterval(() => void this.#watched(mail.retry()), RETRY_MAIL_MS);
      this.#retryTimer.unref();
      void this.#watched(mail.retry());
    }
    return this.#mail;
  }

  #watched(work: Promise<void>): Promise<void> {
    const done = work
      .catch((error: unknown) => this.#options.onFailure(`messages cannot be mailed: ${describeError(error)}`, error))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
    return done;
  }
}
