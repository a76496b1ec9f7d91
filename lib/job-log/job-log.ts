import type { Answer, EventBody } from "./event.ts";
import type { JobEnd, JobEvent, JobProgress, JobQuestion } from "#proto/job.ts";
import type { JobRef } from "#proto/common.ts";

/** The event log of one job half; see README.md. */
export interface JobLog {
  readonly job: JobRef;
  readonly hasEnded: boolean;
  /** Number of the newest event; 0: none. */
  readonly lastNumber: number;
  /** Events up to this number were acknowledged. */
  readonly ackedNumber: number;
  /** Adds a durable event; answers its number. Buffered: `sync` makes it safe. */
  append(event: EventBody): number;
  /** Shows a passing fact to whoever follows now; only the newest is kept. */
  pass(event: { $case: "progress"; value: JobProgress }): void;
  /** Waits until the buffer has room again. */
  room(signal?: AbortSignal): Promise<void>;
  /** Everything appended so far survives a power cut. */
  sync(): Promise<void>;
  /** Appends a question and waits for the Director's answer, for as long as it takes. */
  ask(question: JobQuestion, signal: AbortSignal): Promise<Answer>;
  /** Gives an answer to a waiting question; false if none with this number waits. */
  answer(number: number, answer: Answer): boolean;
  /** Appends the last event and syncs. */
  end(end: JobEnd): Promise<void>;
  /** Events from a number on, then live, until the end event. */
  follow(from: number, signal: AbortSignal): AsyncIterable<JobEvent>;
  /** Forgets the events up to this number. */
  ack(number: number): Promise<void>;
}
