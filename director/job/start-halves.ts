import { randomBytes } from "node:crypto";
import { must } from "#lib/base/assert.ts";
import { retry } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { followJob } from "#lib/job-log/follow.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import { findLastEvent } from "#catalog/database/event-application.ts";
import { filesetMd5 } from "#director/config/file-set.ts";
import type { ReachedDaemon } from "#director/clients/daemon-clients.ts";
import { encodedMethod, encodeFileJob, encodeStorageJob } from "#director/clients/long-requests.ts";
import { FileDaemonService, type StartFileJobRequest, type StorageTicket } from "#proto/filed.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobEnd } from "#proto/job.ts";
import { StorageDaemonService, type StartStorageJobReply, type StartStorageJobRequest } from "#proto/stored.ts";
import { answerQuestion } from "./answer-question.ts";
import { EventSink, type HalfName } from "./apply-events.ts";
import { describeJob } from "./describe-job.ts";
import type { JobContext } from "./job-context.ts";
import { percentLetters, percentValues } from "./percent-values.ts";
import { clientScripts } from "./run-script.ts";
import type { RunRecord } from "./saved-run.ts";
import { joinEnds, joinParts, storageParts, type StoragePart } from "./storage-parts.ts";
import type { Half, HalfEnd } from "./two-halves.ts";

/** Longest wait for the answer to StartJob and CancelJob. */
const START_MS = 120_000;
/** For so long a StartJob is asked again whose answer was lost with the connection. */
const ASK_AGAIN_MS = 180_000;
const CANCEL_MS = 10_000;
/** A storage daemon that cannot be reached any more is given up after this time, however long SDConnectTimeout lets a job wait for it. */
const STORAGE_LOST_MS_MAX = 300_000;
/** How long a Storage waits for a client that reads from others first. */
const FURTHER_STORAGE_WAIT_S = 14 * 86_400;

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
interface ReachedStorage {
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

/** Both halves as supervision needs them; the end that is already known if a half is over. */
export function halvesOf(context: JobContext, record: RunRecord): { readonly fd: Half | HalfEnd; readonly sd: Half | HalfEnd } {
  const { fdEnd, sdEnd } = record.run;
  return { fd: fdEnd ?? clientHalf(context, record), sd: sdEnd ?? storageHalf(context, record) };
}

function clientHalf(context: JobContext, record: RunRecord): Half {
  const { job, parts, desk } = context;
  const { identity } = job;
  return {
    lostMs: parts.config().director.fdConnectTimeout * 1000,
    cancel: async () => await cancelClient(context),
    follow: followerOf(context, record, {
      half: "fd",
      named: `Client "${job.effective.client.name}"`,
      ref: { job: identity.job, jobId: identity.jobId },
      client: parts.daemons.client(job.effective.client),
      ended: async (end) => {
        await record.change(desk.catalog, { fdEnd: { kind: "ended", end } }, parts.clock.nowMs());
        Object.assign(job, { files: end.files, bytes: end.bytes, readBytes: end.readBytes, errors: end.errors });
      },
    }),
  };
}

function storageHalf(context: JobContext, record: RunRecord): Half {
  const { job, parts, desk } = context;
  const all = storageParts(job);
  const lostMs = Math.min(parts.config().director.sdConnectTimeout * 1000, STORAGE_LOST_MS_MAX);
  const ended = async (part: StoragePart, end: JobEnd): Promise<void> => {
    const ends = { ...record.run.sdPartEnds, [part.half]: end };
    const known = all.map(({ half }) => ends[half]).filter((each) => each !== undefined);
    const sdEnd = known.length === all.length ? ({ kind: "ended", end: joinEnds(known) } as const) : null;
    await record.change(desk.catalog, { sdEnd, sdPartEnds: ends }, parts.clock.nowMs());
  };
  return joinParts(
    all.map((part) => ({
      part,
      known: record.run.sdPartEnds?.[part.half] ?? null,
      lostMs,
      cancel: async () => await cancelPart(context, part),
      follow: followerOf(context, record, {
        half: part.half,
        named: `Storage "${part.resource.name}"`,
        ref: part.ref,
        client: parts.daemons.storage(part.resource),
        ended: async (end) => await ended(part, end),
      }),
    })),
  );
}

/** Follows the event log of one daemon into the catalog. */
function followerOf(
  context: JobContext,
  record: RunRecord,
  from: {
    readonly half: HalfName;
    /** The daemon in the operator's words. */
    readonly named: string;
    readonly ref: JobRef;
    readonly client: RpcClient;
    readonly ended: (end: JobEnd) => Promise<void>;
  },
): Half["follow"] {
  const { half, named, ref, client, ended } = from;
  return async (signal, onLink) => {
    const sink = new EventSink(context, half, {
      answer: async (number, question) => await answerQuestion(context, record, { client, ref }, number, question, signal),
      ended,
    });
    return await followJob({
      connect: async (inner) => {
        await client.ready({ signal: inner });
        return client;
      },
      method: half === "fd" ? FileDaemonService.followJob : StorageDaemonService.followJob,
      job: ref,
      from: (await findLastEvent(context.desk.catalog, context.job.jobId, half)) + 1,
      onEvents: async (events) => await sink.onEvents(events),
      onPassing: (event) => sink.onPassing(event),
      onState: (state, reason) => {
        context.job.heard(named, state === "lost" ? context.parts.clock.nowMs() : null);
        onLink(state, reason === undefined ? "" : describeError(reason));
      },
      signal,
    });
  };
}

/** Tells all daemons to forget a job of which it is not known whether they began it. */
export async function cancelAll(context: JobContext): Promise<void> {
  await Promise.all([
    quietly(context, cancelClient(context)),
    ...storageParts(context.job).map(async (part) => await quietly(context, cancelPart(context, part))),
  ]);
}

async function cancelClient(context: JobContext): Promise<void> {
  const { identity, effective } = context.job;
  const client = context.parts.daemons.client(effective.client);
  await cancelAt(client, FileDaemonService.cancelJob, { job: identity.job, jobId: identity.jobId });
}

async function cancelPart(context: JobContext, part: StoragePart): Promise<void> {
  await cancelAt(context.parts.daemons.storage(part.resource), StorageDaemonService.cancelJob, part.ref);
}

type CancelMethod = typeof FileDaemonService.cancelJob | typeof StorageDaemonService.cancelJob;

async function cancelAt(client: RpcClient, method: CancelMethod, job: JobRef): Promise<void> {
  await client.unary(method, { job, incomplete: false }, { signal: AbortSignal.timeout(CANCEL_MS), timeoutMs: CANCEL_MS });
}

async function quietly(context: JobContext, told: Promise<void>): Promise<void> {
  await told.catch((error: unknown) =>
    context.parts.log(`${context.job.identity.job}: a daemon could not be told to stop: ${describeError(error)}`),
  );
}

function storageRequest(
  context: JobContext,
  record: RunRecord,
  fd: ReachedDaemon,
  { part, key }: ReachedStorage,
  { work, devices }: StorageWork,
): StartStorageJobRequest {
  const { job } = context;
  const { effective } = job;
  return {
    job: part.ref,
    jobName: effective.job.name,
    client: effective.client.name,
    fileset: effective.fileset.name,
    filesetMd5: filesetMd5(effective.fileset),
    type: effective.type,
    level: job.level,
    devices: [...devices],
    mediaType: part.resource.mediaType,
    key,
    clientCertificateSha256: fd.certificateSha256,
    work,
    spoolAttributes: effective.job.spoolAttributes,
    spoolData: effective.spoolData,
    spoolBytes: effective.job.spoolSize,
    maxWaitS: effective.job.maxWaitTime,
    preferMountedVolumes: effective.job.preferMountedVolumes,
    clientWaitS: part.half === "sd" ? 0 : FURTHER_STORAGE_WAIT_S,
    ...(work.$case === "append" ? { description: describeJob(context, record, fd.uname) } : {}),
  };
}

function fileRequest(context: JobContext, record: RunRecord, reached: ReachedDaemons, plan: HalvesPlan): StartFileJobRequest {
  const { job } = context;
  const { effective, identity } = job;
  const tickets = reached.sds.map((storage): StorageTicket => {
    const { resource, ref } = storage.part;
    return {
      address: effective.client.fdStorageAddress ?? resource.fdStorageAddress ?? resource.address,
      port: resource.sdPort,
      key: storage.key,
      certificateSha256: storage.reached.certificateSha256,
      name: storage.reached.name,
      job: ref.job,
    };
  });
  return {
    job: { job: identity.job, jobId: identity.jobId },
    jobName: effective.job.name,
    client: effective.client.name,
    storage: tickets[0],
    furtherStorages: tickets.slice(1),
    codes: percentLetters(percentValues(context, record.run, null)),
    scripts: clientScripts(effective.job.runScripts, effective.client.name),
    work: plan.fileWork,
    maxErrors: effective.job.maximumErrors,
    bandwidthBytesPerS: effective.job.maximumBandwidth || effective.client.maximumBandwidthPerJob,
  };
}
