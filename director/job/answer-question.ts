import { isDeepStrictEqual } from "node:util";
import type { VolumeAnswer, VolumeWish } from "#director/media/next-volume.ts";
import { isAutochanger } from "#director/config/storage.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { retry } from "#lib/base/retry.ts";
import { isRetryable } from "#lib/rpc/status.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import type { JobRef } from "#proto/common.ts";
import type { AnswerRequest, JobQuestion } from "#proto/job.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import { recordStorage } from "./catalog-rows.ts";
import type { JobContext } from "./job-context.ts";
import { reportLevel, typeWord } from "./level-words.ts";
import type { RunRecord } from "./saved-run.ts";

/** Longest wait for the daemon to take an answer. */
const ANSWER_MS = 30_000;

/** Answers a storage daemon's question and shows in the job's state what it means. Resolves when the daemon has the answer. */
export async function answerQuestion(
  context: JobContext,
  record: RunRecord,
  daemon: { readonly client: RpcClient; readonly ref: JobRef },
  number: number,
  question: JobQuestion,
  signal: AbortSignal,
): Promise<void> {
  const answer = await decide(context, question, signal);
  if (answer.$case === "use") await saveGiven(context, record);
  const { client, ref } = daemon;
  const request: AnswerRequest = { job: ref, number, answer };
  try {
    // A lost connection is dialled again: without an answer the daemon would wait for ever.
    await retry((inner) => client.unary(StorageDaemonService.answer, request, { signal: inner, timeoutMs: ANSWER_MS }), {
      clock: context.parts.clock,
      signal,
      isRetryable,
    });
  } catch (error) {
    // Answered before the Director was restarted, or withdrawn: nothing waits for it any more.
    if (error instanceof OperatorError && error.code === "JOB_UNKNOWN") return;
    throw error;
  }
}

/** Before the daemon hears of the Volume: a Director that is restarted must not give away what is being written. */
async function saveGiven({ job, desk, parts }: JobContext, record: RunRecord): Promise<void> {
  const volumes = desk.claims.givenTo(job.jobId);
  if (!isDeepStrictEqual(volumes, record.run.volumes)) await record.change(desk.catalog, { volumes }, parts.clock.nowMs());
}

async function decide(
  context: JobContext,
  question: JobQuestion,
  signal: AbortSignal,
): Promise<NonNullable<AnswerRequest["answer"]>> {
  const { job, desk, messages } = context;
  const { ask } = question;
  switch (ask?.$case) {
    case "findVolume": {
      const wish = await volumeWish(context, { ...ask.value, noSpace: ask.value.noSpace ?? false });
      return await told(context, await desk.finder.find(wish, signal));
    }
    case "checkVolume": {
      const wish = await volumeWish(context, { ...ask.value, refused: [], noSpace: false });
      const answer = await desk.finder.check(wish, ask.value.volume, signal);
      return answer.kind === "use" ? await told(context, answer) : { $case: "none", value: answer.reason };
    }
    case "operator":
      job.mountRequest = ask.value.text;
      job.apply({ kind: "phase", phase: "needsMount" });
      await messages.say("Mount", ask.value.text);
      return { $case: "none", value: "the operator has been told" };
    default:
      return { $case: "refuse", value: "this Director does not know the question" };
  }
}

async function told(context: JobContext, answer: VolumeAnswer): Promise<NonNullable<AnswerRequest["answer"]>> {
  const { job, messages } = context;
  for (const line of answer.lines) await messages.say("Info", line);
  if (answer.kind === "use") {
    job.mountRequest = null;
    job.apply({ kind: "phase", phase: "transferring" });
    return { $case: "use", value: answer.volume };
  }
  if (answer.isFinal === true) return { $case: "refuse", value: answer.reason };
  job.mountRequest = answer.reason;
  job.apply({ kind: "phase", phase: "needsMedia" });
  return { $case: "none", value: answer.reason };
}

async function volumeWish(
  context: JobContext,
  asked: Pick<VolumeWish, "pool" | "mediaType" | "device" | "refused" | "noSpace">,
): Promise<VolumeWish> {
  const { job, desk, parts } = context;
  const storage = job.storage.resource;
  const row = await recordStorage(desk.catalog, storage);
  const facts = {
    Job: job.effective.job.name,
    JobName: job.identity.job,
    JobId: String(job.jobId),
    Dir: parts.config().director.name,
    Level: reportLevel(job.level),
    Type: typeWord(job.effective.type),
    Client: job.effective.client.name,
    Pool: asked.pool,
    Storage: storage.name,
    Catalog: job.effective.catalog.resource.name,
    MediaType: asked.mediaType,
  };
  return {
    jobId: job.jobId,
    pool: asked.pool,
    mediaType: asked.mediaType,
    device: asked.device,
    storageId: row.StorageId,
    storage: storage.name,
    noSpace: asked.noSpace,
    isAutochanger: isAutochanger(storage),
    refused: asked.refused,
    facts,
    prunesVolumes: job.effective.job.pruneVolumes,
    beginsAnew: job.effective.request.newVolume ?? false,
  };
}
