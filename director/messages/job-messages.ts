import type { Clock } from "#lib/base/clock.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { routeTakes, type MessageDestination, type MessagesResource, type MessageType } from "#lib/config/message-routes.ts";
import type { PercentValues } from "#lib/config/percent-codes.ts";
import { formatMessage, heardName, heardText, typeOfWire, type OutgoingMessage } from "#lib/messages/message.ts";
import { routesOf, type MailOutcome } from "#lib/messages/routing.ts";
import type { Catalog } from "#catalog/catalog.ts";
import type { CatalogEvent } from "#catalog/database/event-application.ts";
import { addLog } from "#catalog/queries/log.ts";
import type { Message } from "#proto/common.ts";
import type { ConsoleMessages } from "./console-messages.ts";

/** Destinations outside the Director: files, standard output, the system log, mail (lib/messages). */
export interface MessageOutlet {
  deliver(resource: MessagesResource, message: OutgoingMessage): void;
  jobEnded(resource: MessagesResource, jobId: number, outcome: MailOutcome, values: PercentValues): Promise<void>;
  mailNow(resource: MessagesResource, jobId: number, text: string, values: PercentValues): Promise<void>;
}

/** What messages of one job pass through. */
export interface JobMessagesParts {
  readonly resource: MessagesResource;
  readonly jobId: number;
  /** Resource name of the Director: who speaks when the Director does. */
  readonly director: string;
  readonly catalog: Catalog;
  readonly console: ConsoleMessages;
  readonly outlet: MessageOutlet;
  readonly clock: Clock;
}

/**
 * Routes the messages of one job (or of JobId 0) as its Messages resource says. What daemons report is recorded in the catalog
 * together with the event that carried it, so its log is complete and has nothing twice, whatever was cut or restarted.
 */
export class JobMessages {
  readonly #parts: JobMessagesParts;
  /** Lines of the Director itself go to the catalog in the order in which they were said. */
  #lastLine: Promise<void> = Promise.resolve();

  constructor(parts: JobMessagesParts) {
    this.#parts = parts;
  }

  /** Says something in the Director's own name; resolves when it is in the catalog (if it is to go there). */
  async say(type: MessageType, text: string): Promise<void> {
    const { director, jobId, clock } = this.#parts;
    const message = { type, timeMs: clock.nowMs(), daemon: director, jobId, text };
    if (this.#goesToCatalog(type)) {
      const before = this.#lastLine;
      this.#lastLine = before.then(() =>
        addLog(this.#parts.catalog, { JobId: jobId, Time: catalogTime(message.timeMs), LogText: formatMessage(message) }),
      );
      this.#lastLine.catch(() => {}); // whoever said the line hears of it
      const line = this.#lastLine;
      this.deliver(message);
      await line;
      return;
    }
    this.deliver(message);
  }

  /** A daemon's message as what it means for the catalog. */
  catalogEvent(number: number, message: Message): CatalogEvent {
    const outgoing = this.received(message);
    if (!this.#goesToCatalog(outgoing.type)) return { event: number, kind: "none" };
    return { event: number, kind: "log", time: catalogTime(outgoing.timeMs), text: formatMessage(outgoing) };
  }

  /** A daemon's message in our terms. */
  received(message: Message): OutgoingMessage {
    return {
      type: typeOfWire(message.type),
      timeMs: Math.floor(message.timeUs / 1000),
      daemon: heardName(message.daemon, this.#parts.director),
      jobId: this.#parts.jobId,
      text: heardText(message.text),
    };
  }

  /** Gives a message to every destination but the catalog. */
  deliver(message: OutgoingMessage): void {
    const { resource, console, outlet } = this.#parts;
    const taken = new Set<MessageDestination>(routesOf(resource, message).map((route) => route.destination));
    // The Director's own console queue stands for the destination "Director" too: it has no other Director to send to.
    if (taken.has("Console") || taken.has("Director")) console.add(formatMessage(message));
    outlet.deliver(resource, message);
  }

  /** A report on a job that has not ended: said like any other, and mailed at once to whoever would hear of a failure. */
  async interim(text: string, values: PercentValues): Promise<void> {
    const { resource, jobId, outlet } = this.#parts;
    void outlet.mailNow(resource, jobId, text, values);
    await this.say("Info", text);
  }

  /** The job has ended: what was collected for mail is sent. Nobody has to wait for the mail program. */
  ended(outcome: MailOutcome, values: PercentValues): void {
    const { resource, jobId, outlet } = this.#parts;
    void outlet.jobEnded(resource, jobId, outcome, values);
  }

  #goesToCatalog(type: MessageType): boolean {
    return this.#parts.resource.routes.some((route) => route.destination === "Catalog" && routeTakes(route, type));
  }
}
