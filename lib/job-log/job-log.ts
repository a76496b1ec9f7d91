import { rename, rm, stat } from "node:fs/promises";
import { abortable } from "#lib/base/abort.ts";
import { invariant } from "#lib/base/assert.ts";
import type { Clock } from "#lib/base/clock.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobRef } from "#proto/common.ts";
import { JobEvent, type JobEnd, type JobProgress, type JobQuestion } from "#proto/job.ts";
import { EVENT_BYTES_MAX, eventOf } from "./entry.ts";
import type { Answer, EventBody } from "./event.ts";
import { LogWriter } from "./log-writer.ts";
import { listSegments, readEntries, scanSegments, type Segment } from "./segments.ts";

/** Bytes of events that may wait for the disk before `room` waits. */
export const PENDING_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of the newest events that are kept in memory for followers that are up to date; up to twice as much before it is cut. */
const TAIL_BYTES = 2 * 1024 * 1024;

/** Least time between two passing events to one follower. */
const PASSING_GAP_MS = 250;

/** What a log is made of. */
export interface JobLogOptions {
  readonly directory: string;
  readonly job: JobRef;
  readonly clock: Clock;
  /** The log's disk refuses to take events; told at the first failure and at every further one. */
  readonly trouble: (error: unknown) => void;
  /** The last event was acknowledged: the log is gone from the disk. */
  readonly gone: () => void;
}

/** What a log's directory is renamed to while it is being deleted. */
export const GONE_SUFFIX = ".gone";

interface TailEvent {
  readonly event: JobEvent;
  readonly bytes: number;
}

/**
 * The event log of one job half. An event is delivered only when it survives a power cut, so a follower never knows of events that
 * the log could forget. Memory is bounded: what was delivered to the disk lives there, only the newest are kept at hand.
 */
export class JobLog {
  readonly #options: JobLogOptions;
  readonly #segments: Segment[];
  readonly #writer: LogWriter;
  #lastNumber: number;
  #syncedNumber: number;
  #ackedNumber: number;
  #hasEnded: boolean;
  /** When the newest event was appended, by the clock (after a restart: by the file). */
  #changedAtMs: number;
  #tail: TailEvent[] = [];
  #tailBytes = 0;
  #passing: JobEvent | undefined;
  #changed = Promise.withResolvers<void>();
  #follower: AbortController | undefined;
  readonly #questions = new Map<number, { readonly event: JobEvent; readonly resolve: (answer: Answer) => void }>();

  private constructor(
    options: JobLogOptions,
    segments: Segment[],
    last: { number: number; hasEnded: boolean; changedAtMs: number },
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#lastNumber = last.number;
    this.#syncedNumber = last.number;
    this.#ackedNumber = (segments[0]?.first ?? 1) - 1;
    this.#hasEnded = last.hasEnded;
    this.#changedAtMs = last.changedAtMs;
    const events = { synced: (number: number) => this.#synced(number), trouble: options.trouble };
    this.#writer = new LogWriter(options.directory, segments, events, options.clock);
  }

  /** Opens the log whose segments lie in the directory; an empty directory is a new log. Throws JOB_LOG_DAMAGED. */
  static async open(options: JobLogOptions): Promise<JobLog> {
    const segments = await listSegments(options.directory);
    const { lastNumber, lastPayload } = await scanSegments(segments, options.job.job);
    const hasEnded = lastPayload !== undefined && JobEvent.decode(lastPayload).event?.$case === "end";
    const newest = segments.at(-1);
    const changedAtMs = newest === undefined ? options.clock.nowMs() : (await stat(newest.path)).mtimeMs;
    return new JobLog(options, segments, { number: lastNumber, hasEnded, changedAtMs });
  }

  get job(): JobRef {
    return this.#options.job;
  }

  /** Whether the last event has been appended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Number of the newest event; 0: none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** The Director has everything up to this number. After a restart it may be lower than it was. */
  get ackedNumber(): number {
    return this.#ackedNumber;
  }

  /** When the newest event was appended; unix milliseconds. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  /** Whether somebody follows now. */
  get isFollowed(): boolean {
    return this.#follower !== undefined;
  }

  /** Adds a durable event; answers its number. It is in memory only until `sync`. Throws EVENT_TOO_LARGE. */
  append(body: EventBody): number {
    invariant(!this.#hasEnded, `append to the log of job ${this.job.job} after its end`);
    const event: JobEvent = { number: this.#lastNumber + 1, event: body };
    const payload = Buffer.from(JobEvent.encode(event).finish());
    if (payload.byteLength > EVENT_BYTES_MAX)
      throw new OperatorError(
        "EVENT_TOO_LARGE",
        `an event of ${payload.byteLength} bytes exceeds the bound of ${EVENT_BYTES_MAX}`,
      );
    this.#lastNumber = event.number;
    this.#changedAtMs = this.#options.clock.nowMs();
    this.#remember({ event, bytes: payload.byteLength });
    this.#writer.push(event.number, payload);
    return event.number;
  }

  /** Shows a passing fact to whoever follows. Only the newest is kept, nothing is written. */
  pass(body: { readonly $case: "progress"; readonly value: JobProgress }): void {
    this.#passing = { number: 0, event: body };
    this.#announce();
  }

  /** Waits until few enough events wait for the disk. Loops that append much call it before each append. */
  async room(signal?: AbortSignal): Promise<void> {
    while (this.#writer.pendingBytes > PENDING_BYTES_MAX) await abortable(this.#changed.promise, signal);
  }

  /** Resolves when everything appended so far survives a power cut. */
  async sync(signal?: AbortSignal): Promise<void> {
    const number = this.#lastNumber;
    while (this.#syncedNumber < number) await abortable(this.#changed.promise, signal);
  }

  /** Appends the last event and syncs it. */
  async end(end: JobEnd): Promise<void> {
    this.append({ $case: "end", value: end });
    this.#hasEnded = true;
    await this.sync();
  }

  /** Appends a question and waits for the Director's answer, however long it and its connection take. */
  async ask(question: JobQuestion, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const body: EventBody = { $case: "question", value: question };
    const number = this.append(body);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#questions.set(number, { event: { number, event: body }, resolve });
    try {
      return await abortable(promise, signal);
    } finally {
      this.#questions.delete(number);
    }
  }

  /** Gives a waiting question its answer; false if none of this number waits (any more). */
  answer(number: number, answer: Answer): boolean {
    const question = this.#questions.get(number);
    question?.resolve(answer);
    return question !== undefined;
  }

  /** Everything up to this number is safe with the Director and may be forgotten. Throws RPC_MESSAGE_INVALID. */
  async ack(number: number): Promise<void> {
    if (!Number.isSafeInteger(number) || number < 0 || number > this.#syncedNumber) {
      throw new OperatorError(
        "RPC_MESSAGE_INVALID",
        `event ${number} of job ${this.job.job} is acknowledged, but ${this.#syncedNumber} is the last one`,
      );
    }
    if (number <= this.#ackedNumber) return;
    this.#ackedNumber = number;
    this.#announce();
    if (this.#hasEnded && number === this.#lastNumber) {
      await this.remove();
      return;
    }
    // The newest segment stays, so that the numbering goes on after a restart.
    while (this.#segments.length > 1 && this.#segments[1]!.first <= number + 1) {
      await rm(this.#segments.shift()!.path, { force: true });
    }
  }

  /**
   * Events from a number on: first what is there, then live, until the end event was delivered and acknowledged. Questions that
   * still wait for an answer come first, even if their numbers are below `from`. A new follower ends the one before it.
   * Throws JOB_LOG_TRIMMED when events from there on were forgotten already, JOB_LOG_DAMAGED when `from` is beyond the log.
   */
  async *follow(from: number, outer: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    if (from <= this.#ackedNumber && from < (this.#segments[0]?.first ?? 1)) {
      throw new OperatorError(
        "JOB_LOG_TRIMMED",
        `events of job ${this.job.job} up to ${this.#ackedNumber} were acknowledged and are gone; ${from} was asked for`,
      );
    }
    if (from > this.#syncedNumber + 1) {
      throw new OperatorError(
        "JOB_LOG_DAMAGED",
        `event ${from} of job ${this.job.job} was asked for, but the log ends with ${this.#syncedNumber}`,
      );
    }
    this.#follower?.abort(new OperatorError("RPC_CONNECTION_LOST", `job ${this.job.job} is followed on a newer connection`));
    const own = new AbortController();
    this.#follower = own;
    try {
      yield* this.#deliver(from, AbortSignal.any([outer, own.signal]));
    } finally {
      if (this.#follower === own) this.#follower = undefined;
    }
  }

  /** Deletes the log from the disk. */
  async remove(): Promise<void> {
    await this.#writer.close();
    this.#options.gone();
    const gone = this.#options.directory + GONE_SUFFIX; // renamed first: a crash leaves no half log
    await rename(this.#options.directory, gone);
    await rm(gone, { recursive: true, force: true });
  }

  /** Writes what waits and lets go of the file; the log stays on disk. */
  async close(): Promise<void> {
    this.#follower?.abort(new OperatorError("RPC_STOPPING", "the daemon is being stopped"));
    await this.#writer.close();
  }

  async *#deliver(from: number, signal: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    for (const { event } of [...this.#questions.values()]) if (event.number < from) yield event;
    let next = from;
    let shown: JobEvent | undefined;
    let shownAtMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      signal.throwIfAborted();
      const { promise: changed } = this.#changed;
      for await (const event of this.#available(next)) {
        signal.throwIfAborted();
        yield event;
        next = event.number + 1;
      }
      if (this.#hasEnded && next > this.#lastNumber && this.#ackedNumber === this.#lastNumber) return;
      const waitMs = shownAtMs + PASSING_GAP_MS - this.#options.clock.monotonicMs();
      if (this.#passing !== undefined && this.#passing !== shown && waitMs <= 0) {
        shown = this.#passing;
        shownAtMs = this.#options.clock.monotonicMs();
        yield shown;
      } else if (this.#passing === shown || this.#passing === undefined) await abortable(changed, signal);
      else await this.#changedWithin(changed, waitMs, signal);
    }
  }

  /** Waits for a change, at most so long: then a passing event that was held back may go out. */
  async #changedWithin(changed: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const both = AbortSignal.any([signal, enough.signal]);
    const pause = this.#options.clock.sleep(ms, both).catch(() => {});
    await Promise.race([abortable(changed, signal), pause]).finally(() => enough.abort());
    signal.throwIfAborted();
  }

  /** Durable events from a number on that are there now, from memory if they are among the newest, else from disk. */
  async *#available(from: number): AsyncGenerator<JobEvent, void, undefined> {
    let next = from;
    while (next <= this.#syncedNumber) {
      const kept = this.#tail[next - (this.#tail[0]?.event.number ?? Number.POSITIVE_INFINITY)];
      if (kept !== undefined) {
        yield kept.event;
        next += 1;
        continue;
      }
      const before = next;
      for await (const event of this.#fromDisk(next)) {
        yield event;
        next = event.number + 1;
      }
      if (next === before)
        throw new OperatorError("JOB_LOG_DAMAGED", `event ${next} of job ${this.job.job} cannot be read back`);
    }
  }

  /** Events of one segment from a number on, as far as they are synced. */
  async *#fromDisk(from: number): AsyncGenerator<JobEvent, void, undefined> {
    const segment = this.#segments.findLast(({ first }) => first <= from);
    if (segment === undefined) return;
    for await (const entry of readEntries(segment.path, 0, { offset: 0, isClean: false })) {
      if (entry.number > this.#syncedNumber) return;
      if (entry.number >= from) yield eventOf(entry);
    }
  }

  #remember(kept: TailEvent): void {
    this.#tail.push(kept);
    this.#tailBytes += kept.bytes;
    if (this.#tailBytes < 2 * TAIL_BYTES) return;
    let drop = 0;
    while (this.#tailBytes > TAIL_BYTES && drop < this.#tail.length - 1) this.#tailBytes -= this.#tail[drop++]!.bytes;
    this.#tail = this.#tail.slice(drop);
  }

  #synced(number: number): void {
    this.#syncedNumber = number;
    this.#announce();
  }

  /** Wakes all that wait for any change; each looks for itself. */
  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
