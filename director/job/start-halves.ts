import { randomBytes } from "node:crypto";
import { retry } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { followJob } from "#lib/job-log/follow.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import { findLastEvent } from "#catalog/database/event-application.ts";
import { filesetMd5 } from "#director/config/file-set.ts";
import type { ReachedDaemon } from "#director/clients/daemon-clients.ts";
import { encodedMethod, encodeFileJob, encodeStorageJob } from "#director/clients/long-requests.ts";
import { FileDaemonService, type StartFileJobRequest } from "#proto/filed.ts";
import type { JobEnd } from "#proto/job.ts";
import { StorageDaemonService, type StartStorageJobRequest } from "#proto/stored.ts";
import { answerQuestion } from "./answer-question.ts";
import { EventSink, type HalfName } from "./apply-events.ts";
import type { JobContext } from "./job-context.ts";
import { percentLetters, percentValues } from "./percent-values.ts";
import { clientScripts } from "./run-script.ts";
import type { RunRecord } from "./saved-run.ts";
import type { Half, HalfEnd } from "./two-halves.ts";

/** Longest wait for the answer to StartJob and CancelJob. */
const START_MS = 120_000;
/** For so long a StartJob is asked again whose answer was lost with the connection. */
const ASK_AGAIN_MS = 180_000;
const CANCEL_MS = 10_000;
/** A storage daemon that cannot be reached any more is given up after this time, however long SDConnectTimeout lets a job wait for it. */
const STORAGE_LOST_MS_MAX = 300_000;

/** What the two daemons are to do; differs by type of job. */
export interface HalvesPlan {
  readonly storageWork: NonNullable<StartStorageJobRequest["work"]>;
  readonly fileWork: NonNullable<StartFileJobRequest["work"]>;
  /** Devices that will do, in order of preference. */
  readonly devices: readonly string[];
}

/** Both daemons of a job, reached. */
export interface ReachedDaemons {
  readonly fd: ReachedDaemon;
  readonly sd: ReachedDaemon;
}

/** Connects to both daemons at once. Throws what the first failure was, saying which daemon. */
export async function reachDaemons(context: JobContext): Promise<ReachedDaemons> {
  const { job, parts } = context;
  const { director } = parts.config();
  const { daemons } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal, context.leaving]);
  const reach = async (client: RpcClient, seconds: number) => {
    try {
      return await daemons.reach(client, seconds * 1000, signal);
    } catch (error) {
      stop.abort(new OperatorError("CANCELED", "the other daemon of the job cannot be reached"));
      throw error;
    }
  };
  const [fd, sd] = await Promise.allSettled([
    reach(daemons.client(job.effective.client), director.fdConnectTimeout),
    reach(daemons.storage(job.storage.resource), director.sdConnectTimeout),
  ]);
  // The failure that stopped the other one is the one to tell.
  const failures = [fd, sd].flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  const cause = failures.find((each) => each !== stop.signal.reason);
  if (cause !== undefined) throw cause;
  if (fd.status === "rejected" || sd.status === "rejected") throw failures[0];
  return { fd: fd.value, sd: sd.value };
}

/** Starts the storage half, then the client's half with the ticket for it. Throws if one cannot be started; what was begun is told to stop. */
export async function startHalves(
  context: JobContext,
  record: RunRecord,
  reached: ReachedDaemons,
  plan: HalvesPlan,
): Promise<void> {
  const { job, desk, parts } = context;
  const { clock } = parts;
  const key = randomBytes(32);
  await record.change(desk.catalog, { stage: "starting" }, clock.nowMs());
  job.apply({ kind: "phase", phase: "waitingStorage" });
  const storageJob = await encodeStorageJob(storageRequest(context, reached, plan, key));
  const fileJob = await encodeFileJob(fileRequest(context, record, reached, plan, key));
  const signal = AbortSignal.any([job.signal, context.leaving]);
  const options = { signal, timeoutMs: START_MS };
  const session = await untilAnswered(context, signal, reached.sd.client, "sd", async (client) =>
    client.unary(encodedMethod(StorageDaemonService.startJob), storageJob, options),
  );
  job.apply({ kind: "phase", phase: "waitingClient" });
  try {
    await untilAnswered(context, signal, reached.fd.client, "fd", async (client) =>
      client.unary(encodedMethod(FileDaemonService.startJob), fileJob, options),
    );
  } catch (error) {
    await cancelQuietly(context, reached.sd.client, "sd");
    throw error;
  }
  await record.change(
    desk.catalog,
    { stage: "running", volSessionId: session.volSessionId, volSessionTime: session.volSessionTime },
    clock.nowMs(),
  );
  job.apply({ kind: "phase", phase: "transferring" });
}

/**
 * Asks a daemon to start its half, again where the answer was lost: a daemon starts a job once and says so each time. When no answer
 * can be had the half may have begun all the same: it is told to stop.
 */
async function untilAnswered<Reply>(
  context: JobContext,
  signal: AbortSignal,
  client: RpcClient,
  half: HalfName,
  ask: (client: RpcClient) => Promise<Reply>,
): Promise<Reply> {
  const { clock } = context.parts;
  const deadline = clock.monotonicMs() + ASK_AGAIN_MS;
  try {
    return await retry(async () => await ask(client), {
      clock,
      signal,
      isRetryable: (error) => isRetryable(error) && clock.monotonicMs() < deadline,
    });
  } catch (error) {
    if (signal.aborted || isRetryable(error)) await cancelQuietly(context, client, half);
    throw error;
  }
}

/** The half of a daemon as supervision needs it; the end that is already known if the half is over. */
export function halfOf(context: JobContext, record: RunRecord, half: HalfName): Half | HalfEnd {
  const known = half === "fd" ? record.run.fdEnd : record.run.sdEnd;
  if (known !== null) return known;
  const { job, parts } = context;
  const client = half === "fd" ? parts.daemons.client(job.effective.client) : parts.daemons.storage(job.storage.resource);
  const { fdConnectTimeout, sdConnectTimeout } = parts.config().director;
  return {
    lostMs: half === "fd" ? fdConnectTimeout * 1000 : Math.min(sdConnectTimeout * 1000, STORAGE_LOST_MS_MAX),
    cancel: async () => await cancelHalf(context, client, half),
    follow: async (signal, onLink) => {
      const sink = new EventSink(context, half, {
        answer: async (number, question) => await answerQuestion(context, client, number, question, signal),
        ended: async (end) => await recordEnd(context, record, half, end),
      });
      return await followJob({
        connect: async (inner) => {
          await client.ready({ signal: inner });
          return client;
        },
        method: half === "fd" ? FileDaemonService.followJob : StorageDaemonService.followJob,
        job: { job: job.identity.job, jobId: job.jobId },
        from: (await findLastEvent(context.desk.catalog, job.jobId, half)) + 1,
        onEvents: async (events) => await sink.onEvents(events),
        onPassing: (event) => sink.onPassing(event),
        onState: (state, reason) => onLink(state, reason === undefined ? "" : describeError(reason)),
        signal,
      });
    },
  };
}

/** Tells both daemons to forget a job of which it is not known whether they began it. */
export async function cancelBoth(context: JobContext): Promise<void> {
  const { daemons } = context.parts;
  const { client, storage } = { client: context.job.effective.client, storage: context.job.storage.resource };
  await Promise.all([
    cancelQuietly(context, daemons.client(client), "fd"),
    cancelQuietly(context, daemons.storage(storage), "sd"),
  ]);
}

async function recordEnd(context: JobContext, record: RunRecord, half: HalfName, end: JobEnd): Promise<void> {
  const ended: HalfEnd = { kind: "ended", end };
  await record.change(context.desk.catalog, half === "fd" ? { fdEnd: ended } : { sdEnd: ended }, context.parts.clock.nowMs());
  if (half !== "fd") return;
  context.job.files = end.files;
  context.job.bytes = end.bytes;
  context.job.readBytes = end.readBytes;
  context.job.errors = end.errors;
}

async function cancelHalf(context: JobContext, client: RpcClient, half: HalfName): Promise<void> {
  const { identity } = context.job;
  const request = { job: { job: identity.job, jobId: identity.jobId }, incomplete: false };
  const method = half === "fd" ? FileDaemonService.cancelJob : StorageDaemonService.cancelJob;
  await client.unary(method, request, { signal: AbortSignal.timeout(CANCEL_MS), timeoutMs: CANCEL_MS });
}

async function cancelQuietly(context: JobContext, client: RpcClient, half: HalfName): Promise<void> {
  await cancelHalf(context, client, half).catch((error: unknown) =>
    context.parts.log(`${context.job.identity.job}: ${client.who} could not be told to stop: ${describeError(error)}`),
  );
}

function storageRequest(context: JobContext, reached: ReachedDaemons, plan: HalvesPlan, key: Buffer): StartStorageJobRequest {
  const { job } = context;
  const { effective, identity } = job;
  return {
    job: { job: identity.job, jobId: identity.jobId },
    jobName: effective.job.name,
    client: effective.client.name,
    fileset: effective.fileset.name,
    filesetMd5: filesetMd5(effective.fileset),
    type: effective.type,
    level: job.level,
    devices: [...plan.devices],
    mediaType: job.storage.resource.mediaType,
    key,
    clientCertificateSha256: reached.fd.certificateSha256,
    work: plan.storageWork,
    spoolAttributes: effective.job.spoolAttributes,
    spoolData: effective.spoolData,
    spoolBytes: effective.job.spoolSize,
    maxWaitS: effective.job.maxWaitTime,
    preferMountedVolumes: effective.job.preferMountedVolumes,
  };
}

function fileRequest(
  context: JobContext,
  record: RunRecord,
  reached: ReachedDaemons,
  plan: HalvesPlan,
  key: Buffer,
): StartFileJobRequest {
  const { job } = context;
  const { effective, identity } = job;
  const storage = job.storage.resource;
  return {
    job: { job: identity.job, jobId: identity.jobId },
    jobName: effective.job.name,
    client: effective.client.name,
    storage: {
      address: effective.client.fdStorageAddress ?? storage.fdStorageAddress ?? storage.address,
      port: storage.sdPort,
      key,
      certificateSha256: reached.sd.certificateSha256,
      name: reached.sd.name,
    },
    codes: percentLetters(percentValues(context, record.run, null)),
    scripts: clientScripts(effective.job.runScripts, effective.client.name),
    work: plan.fileWork,
    maxErrors: 0,
    bandwidthBytesPerS: effective.job.maximumBandwidth || effective.client.maximumBandwidthPerJob,
  };
}
