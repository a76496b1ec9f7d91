import type { Clock } from "#lib/base/clock.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import { MessageType } from "#proto/common.ts";

/** The words for types of messages that a file daemon uses. */
const types = {
  info: MessageType.MESSAGE_TYPE_INFO,
  warning: MessageType.MESSAGE_TYPE_WARNING,
  error: MessageType.MESSAGE_TYPE_ERROR,
  fatal: MessageType.MESSAGE_TYPE_FATAL,
  notSaved: MessageType.MESSAGE_TYPE_NOT_SAVED,
  skipped: MessageType.MESSAGE_TYPE_SKIPPED,
} as const;

export type VoiceType = keyof typeof types;

const TEXT_CHARS_MAX = 16_384;
/** Messages of one job; what comes after is only counted: a million unreadable files must not fill the disk. */
const MESSAGES_MAX = 50_000;

/** Says things in a job's log, in the daemon's name. */
export class JobVoice {
  readonly #log: JobLog;
  readonly #daemon: string;
  readonly #clock: Clock;
  #said = 0;
  #warnings = 0;

  constructor(log: JobLog, daemon: string, clock: Clock) {
    this.#log = log;
    this.#daemon = daemon;
    this.#clock = clock;
  }

  /** Warnings said so far. */
  get warnings(): number {
    return this.#warnings;
  }

  say(type: VoiceType, text: string): void {
    if (type === "warning") this.#warnings++;
    if (this.#log.hasEnded) return;
    this.#said++;
    if (this.#said > MESSAGES_MAX && type !== "fatal") return;
    this.#put(type, text);
    if (this.#said === MESSAGES_MAX)
      this.#put("warning", `More than ${MESSAGES_MAX} messages; further ones of this job are not shown.`);
  }

  #put(type: VoiceType, text: string): void {
    const clipped = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}...` : text;
    this.#log.append({
      $case: "message",
      value: {
        type: types[type],
        timeUs: Math.round(this.#clock.nowMs() * 1000),
        daemon: this.#daemon,
        text: clipped.toWellFormed(),
      },
    });
  }
}
