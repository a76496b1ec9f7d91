import { describeError } from "#lib/errors/operator-error.ts";
import type { RpcClient } from "#lib/rpc/client.ts";
import { FileDaemonService } from "#proto/filed.ts";
import type { JobRef } from "#proto/common.ts";
import { StorageDaemonService } from "#proto/stored.ts";
import type { JobContext } from "./job-context.ts";
import { storageParts, type StoragePart } from "./storage-parts.ts";

/** Longest wait for the answer to CancelJob. */
const CANCEL_MS = 10_000;

/** Tells all daemons to forget a job of which it is not known whether they began it. */
export async function cancelAll(context: JobContext): Promise<void> {
  await Promise.all([
    quietly(context, cancelClient(context)),
    ...storageParts(context.job).map(async (part) => await quietly(context, cancelPart(context, part))),
  ]);
}

/** Tells the client to stop its half. Rejects when it cannot be told. */
export async function cancelClient(context: JobContext): Promise<void> {
  const { identity, effective } = context.job;
  const client = context.parts.daemons.client(effective.client);
  await cancelAt(client, FileDaemonService.cancelJob, { job: identity.job, jobId: identity.jobId });
}

/** Tells a Storage to stop its part. Rejects when it cannot be told. */
export async function cancelPart(context: JobContext, part: StoragePart): Promise<void> {
  await cancelAt(context.parts.daemons.storage(part.resource), StorageDaemonService.cancelJob, part.ref);
}

type CancelMethod = typeof FileDaemonService.cancelJob | typeof StorageDaemonService.cancelJob;

async function cancelAt(client: RpcClient, method: CancelMethod, job: JobRef): Promise<void> {
  await client.unary(method, { job, incomplete: false }, { signal: AbortSignal.timeout(CANCEL_MS), timeoutMs: CANCEL_MS });
}

/** Waits for a word to a daemon; one that cannot be told is only noted in the log. */
export async function quietly(context: JobContext, told: Promise<void>): Promise<void> {
  await told.catch((error: unknown) =>
    context.parts.log(`${context.job.identity.job}: a daemon could not be told to stop: ${describeError(error)}`),
  );
}
