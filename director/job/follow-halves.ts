import { describeError } from "#lib/errors/operator-error.ts";
import { followJob } from "#lib/job-log/follow.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import { findLastEvent } from "#catalog/database/event-application.ts";
import { FileDaemonService } from "#proto/filed.ts";
import type { JobRef } from "#proto/common.ts";
import type { JobEnd } from "#proto/job.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { answerQuestion } from "./answer-question.ts";
import { EventSink, type HalfName } from "./apply-events.ts";
import { cancelClient, cancelPart } from "./cancel-halves.ts";
import type { JobContext } from "./job-context.ts";
import type { RunRecord } from "./saved-run.ts";
import { joinEnds, joinParts, storageParts, type StoragePart } from "./storage-parts.ts";
import type { Half, HalfEnd } from "./two-halves.ts";

/** A storage daemon that cannot be reached any more is given up after this time, however long SDConnectTimeout lets a job wait for it. */
const STORAGE_LOST_MS_MAX = 300_000;

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
