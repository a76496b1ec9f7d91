import type { ClientResource } from "#director/config/client.ts";
import type { StorageResource } from "#director/config/storage.ts";
import type { BusyJobs } from "#director/retention/judge.ts";
import { admit, type Admission } from "./admit.ts";
import type { DirectorJob } from "./director-job.ts";
import type { DuplicateFacts } from "./duplicates.ts";
import type { EngineParts } from "./job-context.ts";

/** A job that is queued or running, by its context. */
interface Live {
  readonly context: { readonly job: DirectorJob };
}

/** Which of the queued jobs may start now. */
export function admissionOf(live: ReadonlyMap<number, Live>, { clock, config, isEnabled }: EngineParts): Admission {
  const isOn = ({ name, enabled }: StorageResource): boolean => isEnabled("storage", name, enabled);
  const facts = (...kinds: readonly DirectorJob["state"]["kind"][]) =>
    [...live.values()]
      .map(({ context }) => context.job)
      .filter(({ state }) => kinds.includes(state.kind))
      .map((job) => job.admissionFacts(isOn));
  return admit(facts("queued"), facts("running", "canceling"), config().director.maximumConcurrentJobs, clock.nowMs());
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

/** Whether the Storage has no place for another job (Maximum Concurrent Jobs); `but` is not counted. */
export function isStorageFull(live: ReadonlyMap<number, Live>, storage: StorageResource, but: DirectorJob): boolean {
  const users = [...live.values()].filter(({ context: { job } }) => {
    const isRunning = job.state.kind === "running" || job.state.kind === "canceling";
    return isRunning && job !== but && job.storage.resource.name === storage.name;
  });
  return storage.maximumConcurrentJobs > 0 && users.length >= storage.maximumConcurrentJobs;
}

/** The other live runs of a job's resource, without those that are being canceled or have ended: a failed one lives until its repetition is queued. */
export function duplicatesOf(live: ReadonlyMap<number, Live>, job: DirectorJob): DuplicateFacts[] {
  const { name } = job.effective.job;
  return [...live.values()]
    .map((other) => other.context.job)
    .filter((other) => other !== job && other.effective.job.name === name)
    .filter((other) => !other.signal.aborted && other.state.kind !== "ended")
    .map(({ jobId, level, state }) => ({
      jobId,
      level,
      isQueued: state.kind === "queued" || state.kind === "created",
      isForLater: state.kind === "queued" && state.reason === "startTime",
    }));
}
