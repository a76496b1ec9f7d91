import { routeTakes, type MessageRoute, type MessagesResource } from "#lib/config/message-routes.ts";
import type { OutgoingMessage } from "./message.ts";

/** Decides which lines of a Messages resource take a message. */
export function routesOf(resource: MessagesResource, message: OutgoingMessage, event?: string): readonly MessageRoute[] {
  return resource.routes.filter((route) => routeTakes(route, message.type, event));
}

/** How a job ended, as far as its mail is concerned. */
export type MailOutcome = "success" | "failure";

/** Decides whether the collected messages of a mail line are sent when the job has ended so. */
export function isMailed(route: MessageRoute, outcome: MailOutcome): boolean {
  switch (route.destination) {
    case "Mail":
      return true;
    case "MailOnError":
      return outcome === "failure";
    case "MailOnSuccess":
      return outcome === "success";
    default:
      return false;
  }
}
