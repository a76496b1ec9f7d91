import { didYouMean } from "./did-you-mean.ts";
import {
  appended,
  defineResource,
  directive,
  type DirectiveType,
  type PrintedDirective,
  type ResourceOf,
} from "./define-resource.ts";
import { isValue, quote, replaceableText, resourceName, text } from "./directive-types.ts";
import type { Token } from "./lexer.ts";
import { shown } from "./parser.ts";
import { checkPercentCodes } from "./percent-codes.ts";
import { ConfigMistake } from "./problem.ts";

/** Types that a message can have. */
export const messageTypes = [
  "Debug", "Saved", "Events", "Abort", "Fatal", "Error", "Warning", "Info", "NotSaved", "Skipped", "Mount",
  "Terminate", "Restored", "Security", "Alert", "VolMgmt", "ErrorTerm", "Verified",
] as const; // prettier-ignore
export type MessageType = (typeof messageTypes)[number];

/** Types that `all` leaves out. */
const NOT_IN_ALL: readonly MessageType[] = ["Debug", "Saved", "Events"];

/** Where messages can go. */
export const messageDestinations = [
  "Syslog", "Mail", "MailOnError", "MailOnSuccess", "File", "Append", "Stdout", "Stderr", "Director", "Console", "Operator", "Catalog",
] as const; // prettier-ignore
export type MessageDestination = (typeof messageDestinations)[number];

/** Destinations that are written with addresses, a file name or the name of a Director before the types. */
const WITH_ADDRESS: ReadonlySet<MessageDestination> = new Set([
  "Mail",
  "MailOnError",
  "MailOnSuccess",
  "File",
  "Append",
  "Director",
  "Operator",
]);

/** One line of a Messages resource: which messages go where. */
export interface MessageRoute {
  readonly destination: MessageDestination;
  /** Mail addresses, or the file name, or the Director's name; empty for destinations without. */
  readonly addresses: readonly string[];
  readonly types: ReadonlySet<MessageType>;
  /** Custom event classes (`events.NAME`), lower case, that are wanted, and those that are not though `Events` is. */
  readonly events: { readonly wanted: readonly string[]; readonly unwanted: readonly string[] };
  /** The MailCommand (Operator: OperatorCommand) that stands before this line; undefined: the built-in mail program. */
  readonly command: string | undefined;
}

/** True if the route takes a message of this type. `event` is the class of a custom event. */
export function routeTakes(route: MessageRoute, type: MessageType, event?: string): boolean {
  if (type !== "Events" || event === undefined) return route.types.has(type);
  const name = event.toLowerCase();
  if (route.events.unwanted.includes(name)) return false;
  return route.types.has("Events") || route.events.wanted.includes(name);
}

function routeType(destination: MessageDestination): DirectiveType<readonly MessageRoute[]> {
  return {
    label: WITH_ADDRESS.has(destination) ? "addresses = message types" : "message types",
    repeats: "append",
    braces: "never",
    empty: [],
    parse(statement, context, before) {
      const equals = statement.words.findIndex((word) => word.kind === "=");
      const wantsAddress = WITH_ADDRESS.has(destination);
      if (wantsAddress && equals < 0)
        throw new ConfigMistake("an address, another = and then message types are expected", { at: statement.valueAt });
      if (!wantsAddress && equals >= 0)
        throw new ConfigMistake("no address is expected here, only message types", { at: statement.words[equals]!.at });
      const addresses = items(statement.words.slice(0, Math.max(equals, 0))).map((word) => word.text);
      if (wantsAddress && addresses.length === 0) throw new ConfigMistake("the address is missing", { at: statement.valueAt });
      const { types, events } = readTypes(items(statement.words.slice(equals + 1)));
      const command = context.written.get(destination === "Operator" ? "operatorCommand" : "mailCommand");
      const route = {
        destination,
        addresses,
        types,
        events,
        command: destination.startsWith("Mail") || destination === "Operator" ? (command as string | undefined) : undefined,
      };
      return appended(before, [route]);
    },
    print: (value) => printRoutes(value),
    json: (value) =>
      value.map((route) => ({
        destination: route.destination,
        addresses: route.addresses,
        types: typeWords(route),
        command: route.command,
      })),
  };
}

function items(words: readonly Token[]): readonly Token[] {
  return words.filter((word, index) => {
    if (word.kind === "," && index > 0 && words[index - 1]!.kind !== ",") return false;
    if (!isValue(word)) throw new ConfigMistake(`unexpected ${shown(word)}`, { at: word.at });
    return true;
  });
}

function readTypes(words: readonly Token[]): Pick<MessageRoute, "types" | "events"> {
  if (words.length === 0) throw new ConfigMistake("message types are expected, such as all, !skipped");
  const types = new Set<MessageType>();
  const events = { wanted: [] as string[], unwanted: [] as string[] };
  for (const { text: written, at } of words) {
    const isRemoved = written.startsWith("!");
    const word = (isRemoved ? written.slice(1) : written).toLowerCase();
    const named =
      word === "all"
        ? messageTypes.filter((type) => !NOT_IN_ALL.includes(type))
        : messageTypes.filter((type) => type.toLowerCase() === word);
    const event = /^events\.([\w.-]+)$/.exec(word)?.[1];
    if (event !== undefined) (isRemoved ? events.unwanted : events.wanted).push(event);
    else if (named.length === 0)
      throw new ConfigMistake(`"${written}" is not a message type`, { at, hint: didYouMean(word, [...messageTypes, "All"]) });
    for (const type of named) {
      if (isRemoved) types.delete(type);
      else types.add(type);
    }
  }
  return { types, events };
}

/** Words that give the route's types when read again. */
function typeWords(route: MessageRoute): readonly string[] {
  const inAll = messageTypes.filter((type) => !NOT_IN_ALL.includes(type));
  const missing = inAll.filter((type) => !route.types.has(type));
  const words =
    missing.length < inAll.length / 2
      ? ["All", ...missing.map((type) => `!${type}`)]
      : inAll.filter((type) => route.types.has(type));
  const extra = NOT_IN_ALL.filter((type) => route.types.has(type));
  const custom = [
    ...route.events.wanted.map((event) => `events.${event}`),
    ...route.events.unwanted.map((event) => `!events.${event}`),
  ];
  const all = [...words, ...extra, ...custom];
  return all.length === 0 ? ["!Debug"] : all;
}

function printRoutes(routes: readonly MessageRoute[]): readonly PrintedDirective[] {
  const lines: PrintedDirective[] = [];
  const commands = new Map<string, string | undefined>();
  for (const route of routes) {
    const keyword = route.destination === "Operator" ? "OperatorCommand" : "MailCommand";
    if (route.command !== undefined && commands.get(keyword) !== route.command) {
      commands.set(keyword, route.command);
      lines.push({ keyword, value: quote(route.command) });
    }
    const address = route.addresses.length === 0 ? "" : `${route.addresses.map(quote).join(", ")} = `;
    lines.push({ keyword: route.destination, value: `${address}${typeWords(route).join(", ")}` });
  }
  return lines;
}

function forms(acting: ReadonlySet<MessageDestination>) {
  const entries = messageDestinations
    .slice(1)
    .map((destination) => [
      destination,
      { type: routeType(destination), acts: acting.has(destination), description: DESCRIPTIONS[destination] },
    ]);
  return Object.fromEntries(entries);
}

const DESCRIPTIONS: Record<MessageDestination, string> = {
  Syslog: "Sends the listed types to the system log.",
  Mail: "Mails the listed types to the addresses when the job has ended.",
  MailOnError: "Mails the listed types to the addresses if the job ended badly.",
  MailOnSuccess: "Mails the listed types to the addresses if the job ended well.",
  File: "Writes the listed types to a file that is emptied when the daemon starts.",
  Append: "Appends the listed types to a file.",
  Stdout: "Prints the listed types on standard output.",
  Stderr: "Prints the listed types on standard error.",
  Director: "Sends the listed types to the Director.",
  Console: "Keeps the listed types for the console's messages command.",
  Operator: "Mails each message of the listed types to the addresses at once.",
  Catalog: "Stores the listed types in the catalog's Log table.",
};

/**
 * The Messages resource, the same in every daemon but for the destinations that it sends to today. `routes` holds its lines in the
 * order of the file.
 */
export function messagesTable(acting: readonly MessageDestination[]) {
  const acts = new Set(acting);
  const mails = acts.has("Mail");
  return defineResource(
    "Messages",
    {
      name: directive(resourceName(), {
        required: true,
        acts: true,
        description: "Name by which other resources refer to it.",
      }),
      description: directive(text(), { acts: true, description: "Free text for people." }),
      routes: directive(routeType("Syslog"), {
        keyword: "Syslog",
        acts: acts.has("Syslog"),
        description: DESCRIPTIONS.Syslog,
        forms: forms(acts),
      }),
      mailCommand: directive(mailCommand(), {
        acts: mails,
        description: "Command that mails a message, for the mail lines after it.",
      }),
      operatorCommand: directive(mailCommand(), {
        acts: mails,
        description: "Command that mails a message, for the operator lines after it.",
      }),
    },
    { description: "Says which messages go where." },
  );
}

function mailCommand(): DirectiveType<string> {
  const type = replaceableText();
  return {
    ...type,
    parse(statement, context, before) {
      const value = type.parse(statement, context, before);
      checkPercentCodes(value);
      return value;
    },
  };
}

export interface MessagesResource extends ResourceOf<ReturnType<typeof messagesTable>> {}
