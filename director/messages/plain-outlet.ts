import { appendFileSync, writeFileSync } from "node:fs";
import { routeTakes, type MessageRoute, type MessagesResource } from "#lib/config/message-routes.ts";
import type { MessageOutlet } from "./job-messages.ts";
import { formatMessage, type OutgoingMessage } from "./message-text.ts";

/** Destinations that are lines in a file or on a stream. */
export class PlainOutlet implements MessageOutlet {
  readonly #begun = new Set<string>();
  readonly #onFailure: (text: string, error: unknown) => void;

  constructor(onFailure: (text: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  deliver(resource: MessagesResource, message: OutgoingMessage): void {
    const text = formatMessage(message).toWellFormed();
    for (const route of resource.routes) if (routeTakes(route, message.type)) this.#write(route, text);
  }

  #write(route: MessageRoute, text: string): void {
    if (route.destination === "Stdout") process.stdout.write(text);
    else if (route.destination === "Stderr") process.stderr.write(text);
    else if (route.destination === "Append" || route.destination === "File") for (const path of route.addresses) this.#toFile(route.destination, path, text);
  }

  #toFile(destination: "Append" | "File", path: string, text: string): void {
    try {
      // `file` begins anew when the daemon starts, `append` never does.
      if (destination === "File" && !this.#begun.has(path)) writeFileSync(path, text, { mode: 0o640 });
      else appendFileSync(path, text, { mode: 0o640 });
      this.#begun.add(path);
    } catch (error) {
      this.#onFailure(`messages cannot be written to ${path}`, error);
    }
  }
}
