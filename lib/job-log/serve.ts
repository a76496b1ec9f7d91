import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CallContext } from "#lib/rpc/call.ts";
import type { JobRef, Nothing } from "#proto/common.ts";
import type { AnswerRequest, FollowRequest, FollowStart, JobEvent } from "#proto/job.ts";
import type { JobLog } from "./job-log.ts";
import type { JobLogStore } from "./store.ts";

/** The FollowJob handler of a daemon: delivers a job's events and takes the acknowledgements. Ends when the last one is acknowledged. */
export function followJobHandler(
  store: JobLogStore,
): (requests: AsyncIterable<FollowRequest>, call: CallContext) => AsyncGenerator<JobEvent> {
  return async function* (requests, call) {
    const steps = requests[Symbol.asyncIterator]();
    const first = await steps.next();
    const start = checkStart(first.done === true ? undefined : first.value);
    const log = logOf(store, start.job);
    if (start.from > 1) await log.ack(start.from - 1); // who asks for the next one has all before it
    const stop = new AbortController();
    const acks = takeAcks(log, { [Symbol.asyncIterator]: () => steps }, stop);
    try {
      yield* log.follow(start.from, AbortSignal.any([call.signal, stop.signal]));
    } finally {
      stop.abort(new OperatorError("CANCELED", "the follower has left"));
      acks.catch(() => {});
    }
  };
}

/** The Answer handler of a daemon. An answer to a question that no longer waits is taken without effect. */
export function answerHandler(store: JobLogStore): (request: AnswerRequest) => Promise<Nothing> {
  return async (request) => {
    const log = logOf(store, request.job);
    if (request.answer === undefined)
      throw new OperatorError("RPC_MESSAGE_INVALID", `the answer to question ${request.number} of job ${log.job.job} is empty`);
    log.answer(request.number, request.answer);
    return {};
  };
}

function checkStart(request: FollowRequest | undefined): FollowStart {
  const start = request?.step?.$case === "start" ? request.step.value : undefined;
  if (start === undefined || !Number.isSafeInteger(start.from) || start.from < 1)
    throw new OperatorError("RPC_MESSAGE_INVALID", "following a job must begin with a valid start message");
  return start;
}

function logOf(store: JobLogStore, job: JobRef | undefined): JobLog {
  const log = job === undefined ? undefined : store.get(job.job);
  if (log === undefined) throw new OperatorError("JOB_UNKNOWN", `job ${job?.job ?? ""} is not known here`);
  return log;
}

/** Acknowledges until the follower stops or misbehaves; what is wrong with its messages ends the call. */
async function takeAcks(log: JobLog, requests: AsyncIterable<FollowRequest>, stop: AbortController): Promise<void> {
  try {
    for await (const request of requests) {
      if (request.step?.$case !== "ack")
        throw new OperatorError("RPC_MESSAGE_INVALID", "only acknowledgements may follow the start message");
      await log.ack(request.step.value);
    }
    if (log.ackedNumber < log.lastNumber || !log.hasEnded) stop.abort(new OperatorError("CANCELED", "the follower has left"));
  } catch (error) {
    stop.abort(error);
  }
}
