import { isGoodBackup, jobWords, type JobFacts } from "./job-facts.ts";
import { chainNeeds, newestChains, placeOf } from "./chains.ts";

/** Why a job must stay although its own time is over. */
export type NeedReason =
  | { readonly kind: "newestFull"; readonly fileSet: string }
  | { readonly kind: "newestChain"; readonly fileSet: string }
  | { readonly kind: "neededBy"; readonly job: JobFacts }
  | { readonly kind: "running" }
  | { readonly kind: "read"; readonly byJobId: number };

/** What is known besides the jobs themselves. */
export interface NeedWishes {
  /** True for a job that stays on its own account: it has not expired, or nothing wants to remove it. */
  isKept(job: JobFacts): boolean;
  /** Jobs that are queued or running now. */
  readonly running?: ReadonlySet<number>;
  /** Jobs whose data running jobs read, each with the JobId that reads it. */
  readonly read?: ReadonlyMap<number, number>;
}

/**
 * Which of these jobs may not go although nothing keeps them on their own account, and why. `jobs` are all jobs of one client (or of several):
 * a chain lies within client, FileSet and Job name. The newest good Full of each client and FileSet stays with the chain after it, and so
 * does all that a job that stays needs: its Full, Differential, earlier Incrementals and Base jobs. A copy that stays counts as the job
 * it is a copy of. Pure.
 */
export function neededJobs(jobs: readonly JobFacts[], wishes: NeedWishes): ReadonlyMap<number, NeedReason> {
  const needed = new Map<number, NeedReason>();
  const waiting: JobFacts[] = [];
  const keep = (job: JobFacts, reason: NeedReason) => {
    if (needed.has(job.jobId)) return;
    needed.set(job.jobId, reason);
    waiting.push(job);
  };
  const ownAccount = new Set(jobs.filter((job) => wishes.isKept(job)).map((job) => job.jobId));
  for (const job of jobs) {
    const reader = wishes.read?.get(job.jobId);
    if (wishes.running?.has(job.jobId) === true) keep(job, { kind: "running" });
    else if (reader !== undefined) keep(job, { kind: "read", byJobId: reader });
    else if (ownAccount.has(job.jobId)) waiting.push(job);
  }
  const good = jobs.filter((job) => isGoodBackup(job));
  const places = byPlace(good);
  /** Sees to it that one job stays at a place: one that stays anyway, else the original. */
  const hold = (place: number, reason: NeedReason) => {
    const there = places.get(place) ?? [];
    if (there.length === 0 || there.some((job) => ownAccount.has(job.jobId) || needed.has(job.jobId))) return;
    keep(there.find((job) => job.type === "B") ?? there[0]!, reason);
  };
  for (const chain of newestChains(good)) {
    hold(placeOf(chain[0]!), { kind: "newestFull", fileSet: chain[0]!.fileSet });
    for (const job of chain.slice(1)) hold(placeOf(job), { kind: "newestChain", fileSet: job.fileSet });
  }
  const needs = chainNeeds(jobs);
  for (let job = waiting.pop(); job !== undefined; job = waiting.pop())
    for (const place of needs(job)) hold(place, { kind: "neededBy", job });
  return new Map([...needed].filter(([jobId]) => !ownAccount.has(jobId)));
}

/** The reason as an administrator reads it, to stand behind "kept: ". */
export function reasonText(reason: NeedReason): string {
  switch (reason.kind) {
    case "newestFull":
      return `the newest good Full of its client and FileSet "${reason.fileSet}"`;
    case "newestChain":
      return `part of the newest chain of its client and FileSet "${reason.fileSet}"`;
    case "neededBy":
      return `needed by ${jobWords(reason.job)}, which is kept`;
    case "running":
      return "it is queued or running";
    case "read":
      return `JobId ${reason.byJobId} is reading it`;
  }
}

/** A job and its copies by the place in the chain that they share. */
function byPlace(jobs: readonly JobFacts[]): ReadonlyMap<number, readonly JobFacts[]> {
  const places = new Map<number, JobFacts[]>();
  for (const job of [...jobs].sort((one, two) => one.jobId - two.jobId)) {
    const place = places.get(placeOf(job));
    if (place === undefined) places.set(placeOf(job), [job]);
    else place.push(job);
  }
  return places;
}
