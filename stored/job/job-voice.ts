import { MessageType } from "#proto/common.ts";
import type { Answer } from "#lib/job-log/event.ts";
import type { JobLog } from "#lib/job-log/job-log.ts";
import type { JobMediaRow, JobQuestion, VolumeState } from "#proto/job.ts";

/** Classes of messages that a storage job speaks in. */
export type MessageClass = "info" | "warning" | "error" | "fatal" | "mount";

const types = {
  info: MessageType.MESSAGE_TYPE_INFO,
  warning: MessageType.MESSAGE_TYPE_WARNING,
  error: MessageType.MESSAGE_TYPE_ERROR,
  fatal: MessageType.MESSAGE_TYPE_FATAL,
  mount: MessageType.MESSAGE_TYPE_MOUNT,
} as const satisfies Record<MessageClass, MessageType>;

/**
 * How a storage job speaks to its Director: through its durable log. Counts what it has to complain of. What is said after the log's end
 * is lost: a job that was canceled while its device hung has ended before the device has.
 */
export class JobVoice {
  readonly log: JobLog;
  readonly #daemon: string;
  #state = "";
  errors = 0;
  warnings = 0;

  constructor(log: JobLog, daemon: string) {
    this.log = log;
    this.#daemon = daemon;
  }

  /** JobStatus letter last told. */
  get state(): string {
    return this.#state;
  }

  /** A message of the job. */
  say(kind: MessageClass, text: string): void {
    if (kind === "error" || kind === "fatal") this.errors += 1;
    if (kind === "warning") this.warnings += 1;
    this.#append({ $case: "message", value: { type: types[kind], timeUs: Date.now() * 1000, daemon: this.#daemon, text } });
  }

  /** The job's state changed; telling the same twice tells once. */
  enter(letter: string): void {
    if (this.#state === letter) return;
    this.#state = letter;
    this.#append({ $case: "state", value: { letter } });
  }

  volume(state: VolumeState): void {
    this.#append({ $case: "volume", value: state });
  }

  jobMedia(row: JobMediaRow): void {
    this.#append({ $case: "jobMedia", value: row });
  }

  attributes(batch: Uint8Array): void {
    this.#append({ $case: "attributes", value: Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength) });
  }

  #append(event: Parameters<JobLog["append"]>[0]): void {
    if (!this.log.hasEnded) this.log.append(event);
  }

  async ask(question: JobQuestion, signal: AbortSignal): Promise<Answer> {
    return await this.log.ask(question, signal);
  }
}
