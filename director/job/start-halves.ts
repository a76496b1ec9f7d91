import { randomBytes } from "node:crypto";
import { must } from "#lib/base/assert.ts";
import { retry } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import type { ReachedDaemon } from "#director/clients/daemon-clients.ts";
import { encodedMethod, encodeFileJob, encodeStorageJob } from "#director/clients/long-requests.ts";
import { FileDaemonService, type StartFileJobRequest } from "#proto/filed.ts";
import { StorageDaemonService, type StartStorageJobReply, type StartStorageJobRequest } from "#proto/stored.ts";
import { cancelClient, cancelPart, quietly } from "./cancel-halves.ts";
import { fileRequest, storageRequest } from "./half-requests.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";
import { storageParts, type StoragePart } from "./storage-parts.ts";

/** Longest wait for the answer to StartJob. */
const START_MS = 120_000;
/** For so long a StartJob is asked again whose answer was lost with the connection. */
const ASK_AGAIN_MS = 180_000;

/** What the two daemons are to do; differs by type of job. */
export interface HalvesPlan {
  readonly fileWork: NonNullable<StartFileJobRequest["work"]>;
  readonly storageWork: (part: StoragePart) => StorageWork;
}

/** What one Storage is to do. */
export interface StorageWork {
  readonly work: NonNullable<StartStorageJobRequest["work"]>;
  /** Devices that will do, in order of preference. */
  readonly devices: readonly string[];
}

/** All daemons of a job, reached. */
export interface ReachedDaemons {
  readonly fd: ReachedDaemon;
  readonly sds: readonly ReachedStorage[];
}

/** A Storage of a job and its daemon, with the key that the client must present there. */
export interface ReachedStorage {
  readonly part: StoragePart;
  readonly reached: ReachedDaemon;
  readonly key: Buffer;
}

/** Connects to all daemons at once. Throws what the first failure was, saying which daemon. */
export async function reachDaemons(context: JobContext): Promise<ReachedDaemons> {
  const { job } = context;
  const { director } = context.parts.config();
  const { daemons } = context.parts;
  const parts = storageParts(job);
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal, context.leaving]);
  const reach = async (what: string, client: RpcClient, seconds: number) => {
    const tell = async (error: unknown): Promise<void> =>
      await context.messages.say("Warning", `Could not connect to ${what}. ERR=${describeError(error)}\nRetrying ...`);
    try {
      return await daemons.reach(client, seconds * 1000, signal, (error) => {
        tell(error).catch((cause: unknown) => context.parts.log(`${job.identity.job}: ${describeError(cause)}`));
      });
    } catch (error) {
      stop.abort(new OperatorError("CANCELED", "the other daemon of the job cannot be reached"));
      throw error;
    }
  };
  const [fd, ...sds] = await Promise.allSettled([
    reach(`Client "${job.effective.client.name}"`, daemons.client(job.effective.client), director.fdConnectTimeout),
    ...parts.map(async ({ resource }) =>
      reach(`Storage "${resource.name}"`, daemons.storage(resource), director.sdConnectTimeout),
    ),
  ]);
  // The failure that stopped the other ones is the one to tell.
  const failures = [fd, ...sds].flatMap((each) => (each?.status === "rejected" ? [each.reason as unknown] : []));
  const cause = failures.find((each) => each !== stop.signal.reason) ?? failures[0];
  if (cause !== undefined) throw cause;
  const reached = [fd, ...sds].flatMap((each) => (each?.status === "fulfilled" ? [each.value] : []));
  return {
    fd: must(reached[0], "the client that was reached"),
    sds: parts.map((part, at) => ({ part, reached: must(reached[at + 1], "a storage daemon"), key: randomBytes(32) })),
  };
}

/** Starts the storage half, then the client's half with the tickets for it. Throws if one cannot be started; what was begun is told to stop. */
export async function startHalves(
  context: JobContext,
  record: RunRecord,
  reached: ReachedDaemons,
  plan: HalvesPlan,
): Promise<void> {
  const { job, desk, parts } = context;
  const { clock } = parts;
  await record.change(desk.catalog, { stage: "starting" }, clock.nowMs());
  job.apply({ kind: "phase", phase: "waitingStorage" });
  const signal = AbortSignal.any([job.signal, context.leaving]);
  const options = { signal, timeoutMs: START_MS };
  const begun: ReachedStorage[] = [];
  try {
    const sessions: StartStorageJobReply[] = [];
    for (const storage of reached.sds) {
      const request = await encodeStorageJob(
        storageRequest(context, record, reached.fd, storage, plan.storageWork(storage.part)),
      );
      const ask = async () =>
        await storage.reached.client.unary(encodedMethod(StorageDaemonService.startJob), request, options);
      sessions.push(await untilAnswered(context, signal, ask, async () => await cancelPart(context, storage.part)));
      begun.push(storage);
    }
    job.apply({ kind: "phase", phase: "waitingClient" });
    const request = await encodeFileJob(fileRequest(context, record, reached, plan));
    const ask = async () => await reached.fd.client.unary(encodedMethod(FileDaemonService.startJob), request, options);
    await untilAnswered(context, signal, ask, async () => await cancelClient(context));
    const { volSessionId, volSessionTime } = must(sessions[0], "the session of the first Storage");
    await record.change(desk.catalog, { stage: "running", volSessionId, volSessionTime }, clock.nowMs());
  } catch (error) {
    for (const { part } of begun) await quietly(context, cancelPart(context, part));
    throw error;
  }
  job.apply({ kind: "phase", phase: "transferring" });
}

/**
 * Asks a daemon to start its half, again where the answer was lost: a daemon starts a job once and says so each time. When no answer
 * can be had the half may have begun all the same: it is told to stop.
 */
async function untilAnswered<Reply>(
  context: JobContext,
  signal: AbortSignal,
  ask: () => Promise<Reply>,
  cancel: () => Promise<void>,
): Promise<Reply> {
  const { clock } = context.parts;
  const deadline = clock.monotonicMs() + ASK_AGAIN_MS;
  try {
    return await retry(ask, {
      clock,
      signal,
      isRetryable: (error) => isRetryable(error) && clock.monotonicMs() < deadline,
    });
  } catch (error) {
    if (signal.aborted || isRetryable(error)) await quietly(context, cancel());
    throw error;
  }
}
