import { messageTime } from "#lib/base/local-time.ts";
import type { MessageType } from "#lib/config/message-routes.ts";
import { MessageType as WireType } from "#proto/common.ts";

/** A message on its way to its destinations. */
export interface OutgoingMessage {
  readonly type: MessageType;
  /** Unix milliseconds. */
  readonly timeMs: number;
  readonly daemon: string;
  /** 0: belongs to no job. */
  readonly jobId: number;
  readonly text: string;
}

const WIRE_TYPES: Readonly<Record<number, MessageType>> = {
  [WireType.MESSAGE_TYPE_DEBUG]: "Debug",
  [WireType.MESSAGE_TYPE_ABORT]: "Abort",
  [WireType.MESSAGE_TYPE_FATAL]: "Fatal",
  [WireType.MESSAGE_TYPE_ERROR]: "Error",
  [WireType.MESSAGE_TYPE_WARNING]: "Warning",
  [WireType.MESSAGE_TYPE_INFO]: "Info",
  [WireType.MESSAGE_TYPE_SAVED]: "Saved",
  [WireType.MESSAGE_TYPE_NOT_SAVED]: "NotSaved",
  [WireType.MESSAGE_TYPE_SKIPPED]: "Skipped",
  [WireType.MESSAGE_TYPE_MOUNT]: "Mount",
  [WireType.MESSAGE_TYPE_TERMINATE]: "Terminate",
  [WireType.MESSAGE_TYPE_RESTORED]: "Restored",
  [WireType.MESSAGE_TYPE_SECURITY]: "Security",
  [WireType.MESSAGE_TYPE_ALERT]: "Alert",
  [WireType.MESSAGE_TYPE_VOLMGMT]: "VolMgmt",
  [WireType.MESSAGE_TYPE_ERROR_TERM]: "ErrorTerm",
  [WireType.MESSAGE_TYPE_VERIFIED]: "Verified",
  [WireType.MESSAGE_TYPE_EVENTS]: "Events",
};

const PREFIXES: Partial<Readonly<Record<MessageType, string>>> = {
  Fatal: "Fatal error: ",
  Error: "Error: ",
  Warning: "Warning: ",
  Security: "Security Alert: ",
};

/** The message type that a number from the wire stands for; one that we do not know is shown as Info. */
export function typeOfWire(type: WireType): MessageType {
  return WIRE_TYPES[type] ?? "Info";
}

/** `DD-Mon HH:MM daemon JobId N: Error: text`, with a line end. */
export function formatMessage(message: OutgoingMessage): string {
  const text = message.text.endsWith("\n") ? message.text : `${message.text}\n`;
  return `${messageTime(message.timeMs)} ${message.daemon} JobId ${message.jobId}: ${PREFIXES[message.type] ?? ""}${text}`;
}
