import { OperatorError } from "#lib/errors/operator-error.ts";
import { AppendLedger } from "./append-ledger.ts";
import { Changes } from "./changes.ts";
import { wholeBatch } from "./job-surroundings.ts";
import type { AppendEnd } from "#proto/data.ts";
import type { JobChunks } from "../store/job-chunks.ts";

/** Bytes of one job that may be on their way to the medium or the store. More is not taken from the file daemon. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024;

/** What a batch costs here besides its bytes, so that a flood of tiny ones is bounded too. */
const BATCH_OVERHEAD_BYTES = 512;

/** Where what was taken goes. */
export interface IntakeTarget {
  /** Hands a batch of records to the device. */
  append(number: number, batch: Uint8Array): void;
  /** Resolves when the job's log has room for what the batch will say. */
  room(signal: AbortSignal): Promise<void>;
  /** The job cannot go on. */
  failed(error: Error): void;
}

/** How the job stands for its file daemon. */
export type AppendOutcome =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly reason: string };

/** What a job takes from its file daemon, over one stream after the other: numbers it, bounds it, and knows what is done. */
export class AppendIntake {
  readonly ledger = new AppendLedger();
  /** Notified when anything here has changed. */
  readonly changes = new Changes();
  readonly #target: IntakeTarget;
  readonly #clientEnd = Promise.withResolvers<AppendEnd>();
  /** The client has said how its half ended: nothing more may come. */
  #hasClientEnded = false;
  #outcome: AppendOutcome = { kind: "waiting" };
  /** The job's store; undefined: its device has none. */
  chunks: JobChunks | undefined;

  constructor(target: IntakeTarget) {
    this.#target = target;
    this.#clientEnd.promise.catch(() => {});
  }

  get outcome(): AppendOutcome {
    return this.#outcome;
  }

  /** How the client's half ended, when it has said so. Rejects when the job has failed. */
  get clientEnd(): Promise<AppendEnd> {
    return this.#clientEnd.promise;
  }

  /** The job goes on to be this. */
  become(outcome: AppendOutcome): void {
    this.#outcome = outcome;
    this.changes.notify();
  }

  /** The client's half has ended. */
  end(end: AppendEnd): void {
    this.#hasClientEnded = true;
    this.#clientEnd.resolve(end);
  }

  /** Fails the job. */
  failJob(error: Error): void {
    this.#target.failed(error);
  }

  /** The job has failed: nobody waits for the client any more. */
  fail(error: Error): void {
    this.#clientEnd.reject(error);
  }

  /** Takes the batch of this number, unless it came before; waits until there is room. */
  async records(number: number, batch: Buffer, signal: AbortSignal): Promise<void> {
    await this.#room(signal);
    await this.#target.room(signal);
    if (!this.#isNew(number, batch)) return;
    this.ledger.take("records", batch.byteLength + BATCH_OVERHEAD_BYTES);
    this.#target.append(number, wholeBatch(batch));
  }

  /** Takes the run of chunks of this number, unless it came before; waits until there is room. */
  async newChunks(number: number, frames: Buffer, signal: AbortSignal): Promise<void> {
    await this.#room(signal);
    if (!this.#isNew(number, frames)) return;
    const { chunks } = this;
    if (chunks === undefined) return this.#target.failed(forged("sends chunks, but the device has no store"));
    this.ledger.take("chunks", frames.byteLength + BATCH_OVERHEAD_BYTES);
    void this.#store(chunks, number, frames);
  }

  /** Records up to this number are on the medium. */
  written(number: number): void {
    this.ledger.recordsDone(number);
    this.changes.notify();
  }

  async #store(chunks: JobChunks, number: number, frames: Buffer): Promise<void> {
    try {
      await chunks.append(wholeBatch(frames));
      this.ledger.chunksDone(number);
      this.changes.notify();
    } catch (error) {
      this.#target.failed(error as Error);
    }
  }

  async #room(signal: AbortSignal): Promise<void> {
    await this.changes.until(() => this.ledger.underWayBytes < UNDER_WAY_BYTES_MAX, signal);
  }

  /**
   * Whether it is the next that is wanted. Asked after the waits: meanwhile it may have come by a newer stream. What no sound client
   * sends ends the job: a batch of nothing, or one behind the client's own end.
   */
  #isNew(number: number, batch: Buffer): boolean {
    if (number <= this.ledger.taken) return false;
    if (batch.byteLength > 0 && !this.#hasClientEnded) return true;
    this.#target.failed(
      forged(batch.byteLength === 0 ? "sends a batch without a record" : "sends a batch after the end of its half"),
    );
    return false;
  }
}

function forged(what: string): OperatorError {
  return new OperatorError("BATCH_INVALID", `the file daemon ${what}`);
}
