import { systemClock, type Clock } from "#lib/base/clock.ts";
import { BoundedQueue } from "#lib/base/queue.ts";
import { backoffMs, ordinaryBackoff } from "#lib/base/retry.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import type { RequestOf } from "#lib/rpc/method.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import type { JobRef } from "#proto/common.ts";
import type { FileDaemonService } from "#proto/filed.ts";
import type { JobEnd, JobEvent, JobQuestion } from "#proto/job.ts";
import type { StorageDaemonService } from "#proto/stored.ts";

type FollowMethod = typeof FileDaemonService.followJob | typeof StorageDaemonService.followJob;

/** What following a job needs. */
export interface FollowOptions {
  /** The daemon to follow; asked anew after every cut. */
  readonly connect: (signal: AbortSignal) => Promise<RpcClient> | RpcClient;
  readonly method: FollowMethod;
  readonly job: JobRef;
  /** First event wanted: one more than the last that is safe. */
  readonly from: number;
  /** Durable events in order, no gap, none twice. Resolves when they are safe; they are acknowledged then. A rejection ends the following with it. */
  readonly onEvents: (events: readonly JobEvent[]) => Promise<void>;
  /** Passing facts (progress). */
  readonly onPassing?: (event: JobEvent) => void;
  /** A question that waits for an answer by the Answer call. Told again after a restart of the caller, once in its lifetime otherwise. */
  readonly onQuestion?: (number: number, question: JobQuestion) => void;
  /** The connection came or went. */
  readonly onState?: (state: "connected" | "lost", reason: unknown) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Most bytes of attributes, and most events, given to one `onEvents`. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_EVENTS = 1000;

/** Errors after which dialling again is of no use. */
function isFinal(error: unknown): boolean {
  return !(error instanceof OperatorError) || !isRetryable(error);
}

/**
 * Follows a job at a daemon to its end event, which it returns. Every cut is followed by another attempt, for as long as it takes.
 * Throws the signal's reason, what `onEvents` threw, or an error that no new attempt can mend (JOB_UNKNOWN, RPC_REFUSED, RPC_VERSION ...).
 */
export async function followJob(options: FollowOptions): Promise<JobEnd> {
  const { signal, clock = systemClock } = options;
  const follower = new Follower(options);
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      const end = await follower.attempt(() => (attempt = 0));
      if (end !== undefined) return end;
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      options.onState?.("lost", error);
    }
    await clock.sleep(backoffMs(ordinaryBackoff, Math.max(1, attempt), Math.random()), signal);
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #asked = new Set<number>();
  #next: number;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  /** Follows on one connection. Answers the end of the job, or undefined when the daemon ended the call before it. */
  async attempt(onConnected: () => void): Promise<JobEnd | undefined> {
    const { connect, method, job, signal, onState, onEvents } = this.#options;
    const client = await connect(signal);
    const call = await client.bidi(method, { signal });
    let end: JobEnd | undefined;
    try {
      await call.write({ step: { $case: "start", value: { job, from: this.#next } } } satisfies RequestOf<FollowMethod>);
      let isConnected = false;
      const noteConnected = () => {
        if (!isConnected) onState?.("connected", undefined);
        isConnected = true;
        onConnected();
      };
      for await (const events of batches(call, noteConnected)) {
        const durable = this.#sort(events);
        if (durable.length === 0) continue;
        await onEvents(durable);
        this.#next = durable.at(-1)!.number + 1;
        const last = durable.at(-1)!.event;
        if (last?.$case === "end") end = last.value;
        await call.write({ step: { $case: "ack", value: this.#next - 1 } });
        if (end !== undefined) call.end(); // the daemon ends the call when it has the last acknowledgement
      }
      return end;
    } catch (error) {
      if (end !== undefined) return end; // it is safe here; a cut in this moment does no harm
      throw error;
    } finally {
      call.cancel();
    }
  }

  /** Hands passing facts and questions on; answers the durable events that are new. Throws RPC_MESSAGE_INVALID on a gap. */
  #sort(events: readonly JobEvent[]): JobEvent[] {
    const durable: JobEvent[] = [];
    let expected = this.#next;
    for (const event of events) {
      if (event.number === 0) {
        this.#options.onPassing?.(event);
        continue;
      }
      if (event.event?.$case === "question" && !this.#asked.has(event.number)) {
        this.#asked.add(event.number);
        this.#options.onQuestion?.(event.number, event.event.value);
      }
      if (event.number < expected) continue; // a question that still waits, told again
      if (event.number !== expected)
        throw new OperatorError(
          "RPC_MESSAGE_INVALID",
          `event ${event.number} of job ${this.#options.job.job} came where ${expected} was due`,
        );
      durable.push(event);
      expected += 1;
    }
    return durable;
  }
}

/** Reads ahead while the caller is busy, and gives it all that has come meanwhile, so that one transaction takes many events. */
async function* batches(events: AsyncIterable<JobEvent>, onEvent: () => void): AsyncGenerator<JobEvent[], void, undefined> {
  const queue = new BoundedQueue<JobEvent>({ bytesMax: BATCH_BYTES, bytesOf: sizeOf });
  void pump(events, queue);
  try {
    for (;;) {
      const first = await queue.shift();
      if (first === undefined) return;
      onEvent();
      const batch = [first];
      for (
        let bytes = sizeOf(first);
        bytes < BATCH_BYTES && batch.length < BATCH_EVENTS && queue.length > 0;
        bytes += sizeOf(batch.at(-1)!)
      ) {
        batch.push((await queue.shift())!);
      }
      yield batch;
    }
  } finally {
    queue.fail(new OperatorError("CANCELED", "the follower has left"));
  }
}

async function pump(events: AsyncIterable<JobEvent>, queue: BoundedQueue<JobEvent>): Promise<void> {
  try {
    for await (const event of events) await queue.push(event);
    queue.end();
  } catch (error) {
    queue.fail(error);
  }
}

function sizeOf(event: JobEvent): number {
  return event.event?.$case === "attributes" ? event.event.value.byteLength : 256;
}
