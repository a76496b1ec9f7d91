import type { bulkStorageData } from "#lib/rpc/bulk-codec.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CallContext, Handlers } from "#lib/rpc/call.ts";
import type { AppendReply, AppendRequest, DataOpen, ReadReply, ReadRequest } from "#proto/data.ts";
import type { StorageJob } from "../job/storage-job.ts";
import type { ReplicaService } from "./replica-service.ts";
import type { StorageJobs } from "../job/storage-jobs.ts";

/** How long a file daemon may take from the start of a stream to its `open`. */
const OPEN_MS = 30_000;

/** The service that file daemons call, and storage daemons that send replicas: finds the job, checks the right to it, and hands the stream over. */
export function dataService(jobs: StorageJobs, replicas: ReplicaService): Handlers<typeof bulkStorageData> {
  return {
    receive: async function* (requests, call) {
      yield* replicas.receive(requests, call);
    },
    append: async function* (requests: AsyncIterable<AppendRequest>, call: CallContext): AsyncGenerator<AppendReply> {
      const iterator = requests[Symbol.asyncIterator]();
      const job = await opened(jobs, iterator, call);
      if (job.serveAppend === undefined) throw new OperatorError("JOB_KEY_WRONG", `job "${job.ref.job}" does not append`);
      yield* job.serveAppend(iterator, call);
    },
    read: async function* (requests: AsyncIterable<ReadRequest>, call: CallContext): AsyncGenerator<ReadReply> {
      const iterator = requests[Symbol.asyncIterator]();
      const job = await opened(jobs, iterator, call);
      if (job.serveRead === undefined) throw new OperatorError("JOB_KEY_WRONG", `job "${job.ref.job}" does not read`);
      yield* job.serveRead(iterator, call);
    },
  };
}

interface Opening {
  readonly step: { readonly $case: string; readonly value: unknown } | undefined;
}

/** Reads the first message of a stream and answers the job that it may serve. */
async function opened(jobs: StorageJobs, requests: AsyncIterator<Opening>, call: CallContext): Promise<StorageJob> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new OperatorError("TIMED_OUT", `${call.peer.address} did not say which job it serves`)),
    OPEN_MS,
  );
  try {
    const first = await Promise.race([requests.next(), late.promise]);
    const step = first.done === true ? undefined : first.value.step;
    if (step?.$case !== "open")
      throw new OperatorError("JOB_KEY_WRONG", `${call.peer.address} did not say which job it serves`);
    return jobs.admit(step.value as DataOpen, call.peer);
  } finally {
    clearTimeout(timer);
  }
}
