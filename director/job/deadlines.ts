import type { JobResource } from "#director/config/job.ts";
import type { DirectorJob } from "./director-job.ts";

/** Moments of a job that its limits count from; unix milliseconds. */
export interface JobMoments {
  readonly scheduledMs: number;
  readonly startedMs: number | null;
  /** Since when the job waits for a Volume or a mount; null if it does not. */
  readonly waitingMs: number | null;
}

/** A limit that stops a job, and when. */
export interface Deadline {
  readonly atMs: number;
  readonly text: string;
}

type Limits = Pick<
  JobResource,
  | "maxStartDelay"
  | "maxRunSchedTime"
  | "maxRunTime"
  | "maxWaitTime"
  | "fullMaxRunTime"
  | "incrementalMaxRunTime"
  | "differentialMaxRunTime"
>;

/** The limit that comes first, or null if the job has none. */
export function nextDeadline(limits: Limits, level: string, moments: JobMoments): Deadline | null {
  const all = [
    ...(moments.startedMs === null ? [deadline(limits.maxStartDelay, moments.scheduledMs, "Max start delay")] : []),
    deadline(limits.maxRunSchedTime, moments.scheduledMs, "Max run sched time"),
    deadline(limits.maxRunTime, moments.startedMs, "Max run time"),
    deadline(runTimeOfLevel(limits, level), moments.startedMs, "Max run time"),
    deadline(limits.maxWaitTime, moments.waitingMs, "Max wait time"),
  ].filter((each) => each !== null);
  return all.toSorted((a, b) => a.atMs - b.atMs)[0] ?? null;
}

function runTimeOfLevel(limits: Limits, level: string): number {
  if (level === "F") return limits.fullMaxRunTime;
  if (level === "I") return limits.incrementalMaxRunTime;
  return level === "D" ? limits.differentialMaxRunTime : 0;
}

function deadline(seconds: number, fromMs: number | null, what: string): Deadline | null {
  if (seconds === 0 || fromMs === null) return null;
  return { atMs: fromMs + seconds * 1000, text: `${what} exceeded. Job canceled.` };
}

/** The limit of a job that comes next, or has come; null: it has none, is being canceled already, or has ended. `waitingMs`: as in JobMoments. */
export function deadlineOf(job: DirectorJob, waitingMs: number | null): Deadline | null {
  if (job.signal.aborted || job.state.kind === "ended") return null;
  const { job: resource, request } = job.effective;
  const limits = request.maxRunSchedTimeS === undefined ? resource : { ...resource, maxRunSchedTime: request.maxRunSchedTimeS };
  return nextDeadline(limits, job.level, {
    scheduledMs: Math.max(job.identity.scheduledMs, job.effective.notBeforeMs),
    startedMs: job.startedMs,
    waitingMs,
  });
}
