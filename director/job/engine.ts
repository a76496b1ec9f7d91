import type { BusyJobs } from "../retention/judge.ts";
import type { ForeseeWish, JobView, ScheduledView } from "./job-view.ts";
import type { RunRequest } from "./run-request.ts";

/** What to wait for: `wait` with its keywords. */
export type WaitTarget =
  | { readonly kind: "all" }
  | { readonly kind: "jobId"; readonly jobId: number }
  | { readonly kind: "job"; readonly job: string }
  | { readonly kind: "mount" };

/** How a cancel went. */
export type CancelResult =
  | { readonly kind: "canceled"; readonly jobId: number; readonly job: string; readonly wasWaiting: boolean }
  | { readonly kind: "notRunning"; readonly jobId: number };

/** What console commands and the scheduler may ask of the job engine. Implemented by `openEngine`. */
export interface JobEngine {
  /** Checks the wish, gives it a Job row and queues it. Answers the JobId. Throws OperatorError if a name is unknown or the type unsupported. */
  submit(request: RunRequest): Promise<number>;
  /** Stops a waiting or running job. Answers when the job has been told, not when it has ended. `by`: who asked, for the job's log. */
  cancel(jobId: number, by: string): Promise<CancelResult>;
  /** Jobs admitted and not ended, by JobId. */
  running(): readonly JobView[];
  /** Jobs queued, not yet admitted, by start order. */
  waiting(): readonly JobView[];
  /** The last 20 ended jobs, oldest first; read from the catalog at start. */
  terminated(): readonly JobView[];
  /** Runs that Schedules foresee, by time. */
  scheduled(wish?: ForeseeWish): readonly ScheduledView[];
  /** Jobs that are queued or running, and those whose data they read: none of these may be deleted now. */
  busy(): BusyJobs;
  /** A running, waiting or lately terminated job; null if none of these. */
  view(jobId: number): JobView | null;
  /** The same by unique job name. */
  viewByName(job: string): JobView | null;
  /** Resolves when what is waited for has come; with the job's last view where one job was waited for. Rejects when `signal` aborts. */
  waitFor(target: WaitTarget, signal: AbortSignal): Promise<JobView | null>;
  /** A Volume, drive or status has changed by command (label, mount, update, add, delete): jobs waiting for media ask again. */
  mediaChanged(): void;
  /** Jobs started, and ended well or ill, since the Director started. */
  readonly counts: { readonly started: number; readonly failed: number; readonly succeeded: number };
}
