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
  /** Volume that the run would append to, as far as is known now. */
  readonly volume: string;
}
