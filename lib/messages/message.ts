import type { Clock } from "#lib/base/clock.ts";
import { messageTime } from "#lib/base/local-time.ts";
import type { MessageType } from "#lib/config/message-routes.ts";
import { MessageType as WireType, type Message } from "#proto/common.ts";

/** A message on its way to its destinations. */
export interface OutgoingMessage {
  readonly type: MessageType;
  /** Unix milliseconds. */
  readonly timeMs: number;
  /** Resource name of the daemon that speaks. */
  readonly daemon: string;
  /** 0: belongs to no job. */
  readonly jobId: number;
  readonly text: string;
}

const wireTypes = {
  Debug: WireType.MESSAGE_TYPE_DEBUG,
  Abort: WireType.MESSAGE_TYPE_ABORT,
  Fatal: WireType.MESSAGE_TYPE_FATAL,
  Error: WireType.MESSAGE_TYPE_ERROR,
  Warning: WireType.MESSAGE_TYPE_WARNING,
  Info: WireType.MESSAGE_TYPE_INFO,
  Saved: WireType.MESSAGE_TYPE_SAVED,
  NotSaved: WireType.MESSAGE_TYPE_NOT_SAVED,
  Skipped: WireType.MESSAGE_TYPE_SKIPPED,
  Mount: WireType.MESSAGE_TYPE_MOUNT,
  Terminate: WireType.MESSAGE_TYPE_TERMINATE,
  Restored: WireType.MESSAGE_TYPE_RESTORED,
  Security: WireType.MESSAGE_TYPE_SECURITY,
  Alert: WireType.MESSAGE_TYPE_ALERT,
  VolMgmt: WireType.MESSAGE_TYPE_VOLMGMT,
  ErrorTerm: WireType.MESSAGE_TYPE_ERROR_TERM,
  Verified: WireType.MESSAGE_TYPE_VERIFIED,
  Events: WireType.MESSAGE_TYPE_EVENTS,
} as const satisfies Record<MessageType, WireType>;

const typesByNumber = new Map<number, MessageType>(
  Object.entries(wireTypes).map(([type, number]) => [number, type as MessageType]),
);

/** The number of a message type on the wire. */
export function wireTypeOf(type: MessageType): WireType {
  return wireTypes[type];
}

/** The message type that a number from the wire stands for; one that we do not know is shown as Info. */
export function typeOfWire(number: number): MessageType {
  return typesByNumber.get(number) ?? "Info";
}

/** Longest text of a message on the wire, in characters. */
const TEXT_LENGTH_MAX = 16 * 1024;

/** Longest text that is taken from a daemon, in characters: what one says, and room for what is put before it. */
const HEARD_LENGTH_MAX = 2 * TEXT_LENGTH_MAX;

const NAME_LENGTH_MAX = 127;

// oxlint-disable-next-line no-control-regex -- these are the characters that must not get into logs and mails
const unsound = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * What another daemon says, made fit for logs, mails and terminals. A daemon is not to be trusted with them: control characters are
 * shown by number, a line that begins like one of our own messages is set off, length is bounded.
 */
export function heardText(text: string): string {
  const clipped = text.length > HEARD_LENGTH_MAX ? `${text.slice(0, HEARD_LENGTH_MAX)}...` : text;
  return clipped
    .toWellFormed()
    .replaceAll(unsound, byNumber)
    .replaceAll(/\n(?=\d\d-\p{L}{3} \d\d:\d\d )/gu, "\n    ");
}

/** The name under which another daemon speaks: never ours, and one word of bounded length. */
export function heardName(name: string, ours: string): string {
  const sound = name
    .toWellFormed()
    .replaceAll(/[\s\p{C}]/gu, "_")
    .slice(0, NAME_LENGTH_MAX);
  return sound === ours || sound === "" ? `(${sound})` : sound;
}

function byNumber(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
}

/** A message of a daemon for its job log: stamped now, its text made fit for display (names may hold bytes that are no UTF-8). */
export function wireMessage(type: MessageType, daemon: string, text: string, clock: Clock): Message {
  const shown = text.toWellFormed();
  return {
    type: wireTypes[type],
    timeUs: clock.nowMs() * 1000,
    daemon,
    text: shown.length <= TEXT_LENGTH_MAX ? shown : `${shown.slice(0, TEXT_LENGTH_MAX)}...`,
  };
}

const prefixes: Partial<Readonly<Record<MessageType, string>>> = {
  Abort: "ABORTING due to ERROR: ",
  Fatal: "Fatal error: ",
  Error: "Error: ",
  Warning: "Warning: ",
  Security: "Security Alert: ",
};

/** The message as it is printed everywhere, with a line end: `05-Jan 12:00 daemon JobId 7: Error: text`. */
export function formatMessage(message: OutgoingMessage): string {
  const text = message.text.toWellFormed();
  return `${messageTime(message.timeMs)} ${message.daemon} JobId ${message.jobId}: ${prefixes[message.type] ?? ""}${text}${text.endsWith("\n") ? "" : "\n"}`;
}
