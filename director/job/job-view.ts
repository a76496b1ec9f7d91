import type { RunRequest } from "./run-request.ts";

/** One job as `status`, `wait`, `cancel` and prompts see it. Plain facts: safe to keep. */
export interface JobView {
  readonly jobId: number;
  /** Unique name, Name.YYYY-MM-DD_HH.MM.SS_NN. */
  readonly job: string;
  /** Name of the Job resource. */
  readonly name: string;
  /** JobType letter. */
  readonly type: string;
  /** JobLevel letter; blank for Restore and Admin. */
  readonly level: string;
  /** JobStatus letter. */
  readonly status: string;
  /** "is running", "is waiting on max Storage jobs", "is waiting for a mount request" ...: what `status` prints after the name. */
  readonly statusText: string;
  readonly priority: number;
  readonly client: string;
  readonly fileset: string;
  readonly pool: string;
  readonly storage: string;
  readonly comment: string;
  /** Unix milliseconds. */
  readonly scheduledMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  /** Text of the operator request that the job waits for, if any (`status`, `wait mount`). */
  readonly mountRequest: string | null;
}

/** Which foreseen runs are asked for; what is not said restricts nothing. */
export interface ForeseeWish {
  /** Days looked ahead; 1 if not said. */
  readonly days?: number;
  /** Runs at most; 100 if not said. */
  readonly limit?: number;
  readonly jobs?: readonly string[];
  readonly clients?: readonly string[];
  readonly schedules?: readonly string[];
  /** From this moment on instead of now; unix milliseconds. */
  readonly fromMs?: number;
  /** Only the next run of each Run line. */
  readonly isNextOnly?: boolean;
}

/** One run that a Schedule foresees. */
export interface ScheduledView {
  readonly job: string;
  readonly type: string;
  readonly level: string;
  readonly priority: number;
  readonly whenMs: number;
  readonly pool: string;
  readonly storage: string;
  readonly schedule: string;
  /** Resources that the Run line puts in place of the job's. */
  readonly overrides: Partial<RunRequest>;
}
