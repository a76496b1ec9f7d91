import { appendFileSync, statSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import type { Clock } from "#lib/base/clock.ts";
import type { PercentValues } from "#lib/config/percent-codes.ts";
import type { MessageRoute, MessagesResource } from "#lib/config/message-routes.ts";
import { describeError } from "#lib/errors/operator-error.ts";
import { mailFile } from "./mail-command.ts";
import { isMailed, type MailOutcome } from "./routing.ts";

/** What a queue is made of. */
export interface MailQueueOptions {
  /** Own directory, e.g. <WorkingDirectory>/<name>.mail. */
  readonly directory: string;
  readonly clock: Clock;
  /** A mail could not be sent; it stays in the queue. */
  readonly onFailure: (text: string, error: unknown) => void;
}

/** A mail that waits: how to send it. */
interface Ticket {
  readonly destination: MessageRoute["destination"];
  readonly addresses: readonly string[];
  readonly command: string | undefined;
  readonly values: PercentValues;
}

/** How long a mail that cannot be sent is tried again. */
const KEPT_MS = 5 * 24 * 3_600_000;

/** Text collected for one mail; more is cut off and said. */
const MAIL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Collects the messages of each job for the mail lines of its Messages resource and sends them when the job has ended. What the
 * mail program refuses stays on disk and is tried again, with a line each time.
 */
export class MailQueue {
  readonly #options: MailQueueOptions;
  readonly #bytes = new Map<string, number>();
  /** Mails that a mail program has at this moment. */
  readonly #sending = new Set<string>();
  #retrying: Promise<void> = Promise.resolve();

  constructor(options: MailQueueOptions) {
    this.#options = options;
    makeDirectory(options.directory, 0o700);
  }

  /** Adds a line to the mail of a job and of one line of its Messages resource. */
  collect(resource: MessagesResource, route: MessageRoute, jobId: number, line: string): void {
    const path = this.#bodyPath(resource, route, jobId);
    const bytes = this.#bytes.get(path) ?? sizeOf(path);
    if (bytes > MAIL_BYTES_MAX) return;
    const text = bytes + line.length > MAIL_BYTES_MAX ? "... more messages were left out of this mail\n" : line;
    appendFileSync(path, text, { mode: 0o600 });
    this.#bytes.set(path, bytes + line.length);
  }

  /** The job has ended: sends its mails, or forgets those that are not wanted for such an end. Never rejects. */
  async jobEnded(resource: MessagesResource, jobId: number, outcome: MailOutcome, values: PercentValues): Promise<void> {
    for (const route of resource.routes) {
      if (!route.destination.startsWith("Mail")) continue;
      const path = this.#bodyPath(resource, route, jobId);
      this.#bytes.delete(path);
      if (sizeOf(path) === 0) continue;
      if (!isMailed(route, outcome)) {
        await rm(path, { force: true });
        continue;
      }
      const { destination, addresses, command } = route;
      const ticket: Ticket = { destination, addresses, command, values };
      const queued = path.replace(/\.body$/, `.${this.#options.clock.nowMs()}.mail`);
      await rename(path, queued);
      await writeFile(`${queued}.json`, JSON.stringify(ticket), { mode: 0o600 });
      await this.#send(queued, ticket);
    }
  }

  /** Sends one message at once, without what was collected: destination Operator, reports before the end. Never rejects. */
  async sendNow(route: MessageRoute, line: string, values: PercentValues): Promise<void> {
    const queued = join(
      this.#options.directory,
      `operator-${this.#options.clock.nowMs()}-${Math.random().toString(36).slice(2)}.mail`,
    );
    const { destination, addresses, command } = route;
    const ticket: Ticket = { destination, addresses, command, values };
    try {
      await writeFile(queued, line, { mode: 0o600 });
      await writeFile(`${queued}.json`, JSON.stringify(ticket), { mode: 0o600 });
    } catch (error) {
      this.#options.onFailure(`a message to the operator cannot be kept: ${describeError(error)}`, error);
      return;
    }
    await this.#send(queued, ticket);
  }

  /** Tries again what could not be sent; call it at start and now and then. Never rejects. */
  retry(): Promise<void> {
    this.#retrying = this.#retrying
      .then(() => this.#retryAll())
      .catch((error: unknown) => this.#options.onFailure(`the mail queue cannot be read: ${describeError(error)}`, error));
    return this.#retrying;
  }

  async #retryAll(): Promise<void> {
    for (const name of await readdir(this.#options.directory)) {
      if (!name.endsWith(".mail.json")) continue;
      const queued = join(this.#options.directory, name.slice(0, -".json".length));
      const ageMs = this.#options.clock.nowMs() - (await stat(queued)).mtimeMs;
      if (ageMs > KEPT_MS) {
        this.#options.onFailure(
          `the mail ${queued} could not be sent for ${KEPT_MS / 86_400_000} days and is dropped`,
          undefined,
        );
        await this.#forget(queued);
      } else await this.#send(queued, JSON.parse(await readFile(`${queued}.json`, "utf8")) as Ticket);
    }
  }

  async #send(queued: string, ticket: Ticket): Promise<void> {
    if (this.#sending.has(queued)) return;
    this.#sending.add(queued);
    try {
      const route: MessageRoute = { ...ticket, types: new Set(), events: { wanted: [], unwanted: [] } };
      await mailFile(route, ticket.values, queued);
      await this.#forget(queued);
    } catch (error) {
      this.#options.onFailure(`${describeError(error)}; the mail is kept in ${queued} and tried again`, error);
    } finally {
      this.#sending.delete(queued);
    }
  }

  async #forget(queued: string): Promise<void> {
    await rm(`${queued}.json`, { force: true });
    await rm(queued, { force: true });
  }

  #bodyPath(resource: MessagesResource, route: MessageRoute, jobId: number): string {
    return join(this.#options.directory, `job-${jobId}-${resource.routes.indexOf(route)}.body`);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
