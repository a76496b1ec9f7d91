import type { RetentionRow } from "#catalog/queries/retention.ts";
import { isGoodBackup, type JobFacts } from "./job-facts.ts";
import { keptByRule } from "./keep-rules.ts";
import { neededJobs, reasonText, type NeedReason } from "./needed-jobs.ts";
import type { Policy } from "./policy.ts";
import { periodWords } from "#lib/base/period-words.ts";

/** A job with what decides about it. */
export interface RetentionJob extends JobFacts {
  readonly clientId: number;
  /** End, unix seconds. */
  readonly tdate: number;
  readonly bytes: number;
  readonly poolId: number;
  readonly hasFileRows: boolean;
}

/** Whether a job's own time is over, whatever other jobs need of it. */
export type OwnTime =
  | { readonly isOver: true; readonly why: string }
  /** `untilMs` null: until newer backups take its place. */
  | { readonly isOver: false; readonly why: string; readonly untilMs: number | null };

/** What becomes of a job. */
export type Verdict =
  | { readonly kind: "goes"; readonly why: string }
  | { readonly kind: "needed"; readonly why: string; readonly reason: NeedReason }
  | { readonly kind: "stays"; readonly why: string; readonly untilMs: number | null };

export interface Judged {
  readonly job: RetentionJob;
  readonly verdict: Verdict;
}

/** Jobs that run, and jobs that running ones read (restores): each with the JobId that reads it. */
export interface BusyJobs {
  readonly running: ReadonlySet<number>;
  readonly read: ReadonlyMap<number, number>;
}

/** The facts of a row. */
export function retentionJob(row: RetentionRow, bases: readonly number[] = []): RetentionJob {
  return {
    jobId: row.JobId,
    name: row.Name,
    type: row.Type,
    level: row.Level,
    status: row.JobStatus,
    clientId: row.ClientId,
    fileSetId: row.FileSetId,
    fileSet: row.FileSet,
    start: row.StartTime,
    files: row.JobFiles,
    priorJobId: row.PriorJobId,
    isMade: row.Type === "C" || (row.RealEndTime !== null && row.EndTime !== null && row.RealEndTime > row.EndTime),
    bases,
    tdate: row.JobTDate,
    bytes: row.JobBytes,
    poolId: row.PoolId,
    hasFileRows: row.PurgedFiles === 0,
  };
}

/**
 * What the rules of Keep say of the good backups among these jobs, which are those of one series. A rule counts the backups of one client, FileSet
 * and Job name together; copies, and where the rule is a Pool's the jobs of other Pools, are counted by themselves. Jobs without a rule are left out.
 */
export function judgeByKeep(
  jobs: readonly RetentionJob[],
  policyOf: (job: RetentionJob) => Policy,
  nowMs: number,
): ReadonlyMap<number, OwnTime> {
  const groups = new Map<string, { readonly policy: NonNullable<Policy["keep"]>; readonly jobs: RetentionJob[] }>();
  for (const job of jobs) {
    const { keep } = policyOf(job);
    if (keep === null || !isGoodBackup(job)) continue;
    const key = `${keep.from}\0${job.clientId}\0${job.fileSet}\0${job.name}\0${job.type}`;
    const group = groups.get(key) ?? { policy: keep, jobs: [] };
    group.jobs.push(job);
    groups.set(key, group);
  }
  const own = new Map<number, OwnTime>();
  for (const { policy, jobs: members } of groups.values()) {
    const kept = keptByRule(
      members.map((job) => ({ jobId: job.jobId, start: job.start ?? "", tdate: job.tdate })),
      policy.rule,
      nowMs,
    );
    for (const { jobId } of members) {
      const why = kept.get(jobId);
      own.set(
        jobId,
        why === undefined
          ? { isOver: true, why: `no part of Keep of ${policy.from}` }
          : { isOver: false, why: `Keep of ${policy.from}: ${why}`, untilMs: null },
      );
    }
  }
  return own;
}

/** The job's own time by a retention in seconds. */
export function judgeByAge(job: RetentionJob, seconds: number, name: string, nowMs: number): OwnTime {
  const untilMs = (job.tdate + seconds) * 1000;
  const why = `${name} ${periodWords(seconds)}`;
  return untilMs < nowMs ? { isOver: true, why } : { isOver: false, why, untilMs };
}

/** Verdicts on all jobs of a series: those whose time is over go, unless another job that stays needs them. Pure. */
export function judgeJobs(
  jobs: readonly RetentionJob[],
  ownTime: (job: RetentionJob) => OwnTime,
  busy: BusyJobs,
): readonly Judged[] {
  const own = new Map(jobs.map((job) => [job.jobId, ownTime(job)]));
  const needed = neededJobs(jobs, { isKept: (job) => own.get(job.jobId)?.isOver === false, ...busy });
  return jobs.map((job) => {
    const time = own.get(job.jobId)!;
    const reason = needed.get(job.jobId);
    if (!time.isOver) return { job, verdict: { kind: "stays", why: time.why, untilMs: time.untilMs } };
    if (reason !== undefined) return { job, verdict: { kind: "needed", why: reasonText(reason), reason } };
    return { job, verdict: { kind: "goes", why: time.why } };
  });
}
