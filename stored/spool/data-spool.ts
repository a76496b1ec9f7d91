import { OperatorError, describeError } from "#lib/errors/operator-error.ts";
import { reuseReceived } from "#lib/rpc/received-buffers.ts";
import { Changes } from "../job/changes.ts";
import { DeviceFeed } from "./device-feed.ts";
import { SpoolSegment, firstOf, spooledBytes } from "./spool-segment.ts";
import { committing, deviceReached, elapsed, jobReached, spoolDiskRefuses, writing } from "./spool-texts.ts";
import type { JobVoice } from "../job/job-voice.ts";
import type { SpoolBudget } from "./spool-budget.ts";
import type { SpoolTarget } from "./device-feed.ts";

/** What a job's data spool needs. */
export interface DataSpoolOptions {
  /** Where its files lie: a path for each number. */
  readonly path: (segment: number) => string;
  /** Most bytes of this job; 0: no limit. */
  readonly bytesMax: number;
  readonly budget: SpoolBudget;
  readonly target: SpoolTarget;
  readonly voice: Pick<JobVoice, "say" | "enter">;
  /** The Volume that the job is on, for messages. */
  readonly volume: () => string;
  /** The batch of this number, and all before it, need not be sent again. */
  readonly taken: (number: number) => void;
  /** The job cannot go on. */
  readonly failed: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** Why a batch does not go into the spool now. */
type Obstacle = { readonly kind: "limit" | "trouble"; readonly text: string };

/** Largest segment; smaller where the limit is small, because a segment's room is free only when it was read to its end. */
const SEGMENT_BYTES_MAX = 256 * 1024 * 1024;
const SEGMENTS_OF_A_LIMIT = 8;

/** What a job's spool is doing, for status. */
export interface SpoolActivity {
  readonly bytes: number;
  readonly isDespooling: boolean;
  readonly waitsForTurn: boolean;
}

/**
 * Collects the data of one job in files and writes it to the device in runs: when a limit is reached, when the spool disk is full, and
 * at the job's end. While one job writes its run the others (and this one, into the room that becomes free) go on collecting.
 */
export class DataSpool implements AsyncDisposable {
  readonly #options: DataSpoolOptions;
  readonly #close = new AbortController();
  readonly #signal: AbortSignal;
  readonly #changes = new Changes();
  readonly #feed: DeviceFeed;
  readonly #queue: { readonly number: number; readonly batch: Uint8Array }[] = [];
  readonly #segmentBytes: number;
  /** Oldest first; the last one is written to unless it is sealed. */
  readonly #segments: SpoolSegment[] = [];
  #made = 0;
  #bytes = 0;
  #isTaking = false;
  #despooling: Promise<void> | undefined;
  #waitsForTurn = false;
  #isClosed = false;
  #hasWarned = false;
  /** Counts how often room became free. */
  #freed = 0;

  constructor(options: DataSpoolOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#close.signal]);
    this.#feed = new DeviceFeed(options.target, this.#signal);
    const limits = [options.bytesMax, options.budget.bytesMax].filter((limit) => limit > 0);
    this.#segmentBytes = Math.min(SEGMENT_BYTES_MAX, ...limits.map((limit) => Math.ceil(limit / SEGMENTS_OF_A_LIMIT)));
    options.budget.jobBegins();
    options.voice.say("info", "Spooling data ...");
  }

  get activity(): SpoolActivity {
    const isDespooling = this.#despooling !== undefined;
    return { bytes: this.#bytes, isDespooling: isDespooling && !this.#waitsForTurn, waitsForTurn: this.#waitsForTurn };
  }

  /** Takes a batch, which is given away; the caller bounds what is taken and not yet told as taken. */
  append(number: number, batch: Uint8Array): void {
    this.#queue.push({ number, batch });
    if (!this.#isTaking) void this.#take();
  }

  /** Batches up to this number are on the medium. */
  written(number: number): void {
    this.#feed.written(number);
  }

  /** Resolves when all that was appended so far is in the spool or on its way to the medium. */
  async collected(): Promise<void> {
    await this.#changes.until(() => !this.#isTaking, this.#signal);
  }

  /** Writes what is left. The turn to write stays with the job until what this gives is disposed, so that its end follows its data. */
  async commit(): Promise<Disposable> {
    const { voice, volume } = this.#options;
    await this.#changes.until(() => !this.#isTaking && this.#despooling === undefined, this.#signal);
    const turn = await this.#turn();
    try {
      voice.say("info", committing(volume(), this.#bytes));
      voice.enter("L");
      await this.#write(this.#segments.length);
      return turn;
    } catch (error) {
      turn[Symbol.dispose]();
      throw error;
    }
  }

  /** Removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#close.abort(new OperatorError("CANCELED", "the job's data spool is closed"));
    await this.#changes.until(() => !this.#isTaking && this.#despooling === undefined);
    this.#options.budget.jobEnds();
    while (this.#segments.length > 0) await this.#drop(firstOf(this.#segments));
  }

  async #take(): Promise<void> {
    this.#isTaking = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#put(next.number, next.batch);
        this.#options.taken(next.number);
      }
    } catch (error) {
      if (!this.#isClosed) this.#options.failed(error as Error);
    } finally {
      this.#isTaking = false;
      this.#changes.notify();
    }
  }

  /** Puts a batch into the spool; when there is no room, a run is written first; when even an empty spool has none, it goes on directly. */
  async #put(number: number, batch: Uint8Array): Promise<void> {
    const bytes = spooledBytes(batch);
    for (;;) {
      this.#signal.throwIfAborted();
      const freed = this.#freed;
      const why = this.#reached(bytes) ?? (await this.#collect(number, batch));
      if (why === undefined) return;
      if (this.#despooling === undefined) {
        if (this.#bytes === 0) return await this.#pass(number, batch);
        this.#begin(why);
      }
      await this.#changes.until(() => this.#freed !== freed || this.#despooling === undefined, this.#signal);
    }
  }

  /** Which limit a batch of so many bytes would break; undefined: none. */
  #reached(bytes: number): Obstacle | undefined {
    const { bytesMax, budget } = this.#options;
    if (bytesMax > 0 && this.#bytes + bytes > bytesMax) return { kind: "limit", text: jobReached(this.#bytes, bytesMax) };
    if (!budget.fits(bytes)) return { kind: "limit", text: deviceReached(budget.bytes, budget.bytesMax) };
    return undefined;
  }

  /** Writes a batch into the last segment. Answers why the spool disk does not take it; undefined: it did. */
  async #collect(number: number, batch: Uint8Array): Promise<Obstacle | undefined> {
    const bytes = spooledBytes(batch);
    // Taken before the first wait: other jobs count too, and must not be promised the same room.
    this.#options.budget.take(bytes);
    try {
      const last = this.#segments.at(-1);
      const isFull = last === undefined || last.isSealed || (last.bytes > 0 && last.bytes + bytes > this.#segmentBytes);
      const segment = isFull ? await this.#newSegment() : last;
      await segment.write(number, batch);
      reuseReceived(batch as Uint8Array<ArrayBuffer>);
      this.#bytes += bytes;
      return undefined;
    } catch (error) {
      this.#options.budget.give(bytes);
      if (!(error instanceof OperatorError)) throw error;
      return { kind: "trouble", text: spoolDiskRefuses(describeError(error)) };
    }
  }

  async #newSegment(): Promise<SpoolSegment> {
    await this.#segments.at(-1)?.rest();
    const segment = await SpoolSegment.create(this.#options.path(this.#made++));
    this.#segments.push(segment);
    return segment;
  }

  /** Begins to write what was collected, in the background. */
  #begin(why: Obstacle): void {
    const isTrouble = why.kind === "trouble";
    this.#options.voice.say(isTrouble && !this.#hasWarned ? "warning" : "info", why.text);
    this.#hasWarned ||= isTrouble;
    this.#despooling = this.#run()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#options.failed(error as Error);
      })
      .finally(() => {
        this.#despooling = undefined;
        this.#changes.notify();
      });
  }

  async #run(): Promise<void> {
    const { voice } = this.#options;
    using _ = await this.#turn();
    const count = this.#segments.length;
    const bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#segments.at(-1)?.seal(); // what is collected from now on belongs to the next run
    voice.say("info", writing(bytes));
    voice.enter("l");
    await this.#write(count);
    voice.enter("R");
    voice.say("info", "Spooling data again ...");
  }

  /** Writes the oldest segments to the device; each one's room is free when it was read. */
  async #write(count: number): Promise<void> {
    const startMs = performance.now();
    let bytes = 0;
    for (let left = count; left > 0; left -= 1) {
      const segment = this.#segments[0];
      if (segment === undefined) break;
      for await (const { number, batch } of segment.batches()) {
        bytes += batch.byteLength;
        await this.#feed.append(number, batch);
      }
      this.#segments.shift();
      await this.#drop(segment);
    }
    await this.#feed.drain();
    this.#options.voice.say("info", elapsed(bytes, (performance.now() - startMs) / 1000));
  }

  /** The batch goes to the device as it is. Nothing is in the spool before it. */
  async #pass(number: number, batch: Uint8Array): Promise<void> {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#options.voice.say("warning", "The spool has no room for the job's data: it goes to the Volume as it comes.");
    }
    using _ = await this.#turn();
    await this.#feed.append(number, batch);
  }

  async #turn(): Promise<Disposable> {
    this.#waitsForTurn = true;
    try {
      return await this.#options.budget.turn.acquire(this.#signal);
    } finally {
      this.#waitsForTurn = false;
    }
  }

  async #drop(segment: SpoolSegment): Promise<void> {
    await segment[Symbol.asyncDispose]();
    this.#bytes -= segment.bytes;
    this.#options.budget.give(segment.bytes);
    this.#freed += 1;
    this.#changes.notify();
  }
}
