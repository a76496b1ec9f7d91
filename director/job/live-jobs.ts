import type { ClientResource } from "#director/config/client.ts";
import type { StorageResource } from "#director/config/storage.ts";
import type { BusyJobs } from "#director/retention/judge.ts";
import type { DirectorJob } from "./director-job.ts";

/** A job that is queued or running, by its context. */
interface Live {
  readonly context: { readonly job: DirectorJob };
}

/** The live jobs, and those whose data they read: none of these may be deleted now. */
export function busyJobs(live: ReadonlyMap<number, Live>): BusyJobs {
  const read = new Map<number, number>();
  for (const [jobId, { context }] of live)
    for (const used of context.job.effective.restore?.plan.jobIds ?? []) read.set(used, jobId);
  return { running: new Set(live.keys()), read };
}

/** Storages and clients that live jobs use: their connections must stay. */
export function resourcesInUse(live: ReadonlyMap<number, Live>): readonly (ClientResource | StorageResource)[] {
  return [...live.values()].flatMap(({ context: { job } }) => [
    job.effective.client,
    job.storage.resource,
    ...job.effective.furtherStorages,
  ]);
}
