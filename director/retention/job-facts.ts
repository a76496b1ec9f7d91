import { levelWord } from "../commands/format.ts";

/** What the rules of retention need to know of a job: a light row, so that those of a client with 100,000 jobs fit in memory. */
export interface JobFacts {
  readonly jobId: number;
  /** Name of the Job resource. */
  readonly name: string;
  /** Type letter: B backup, C copy, anything else is no backup. */
  readonly type: string;
  /** Level letter: F, D, I, B (Base). */
  readonly level: string;
  /** Status letter; T and W are good. */
  readonly status: string;
  readonly clientId: number;
  /** Version of the FileSet, and the name that its versions share. */
  readonly fileSetId: number;
  readonly fileSet: string;
  /** StartTime, `YYYY-MM-DD HH:MM:SS` local; null if it never started. */
  readonly start: string | null;
  readonly files: number;
  /** Original of a copy; 0: none. A copy stays known by it after it has taken the place of its original. */
  readonly priorJobId: number;
  /** Made of other jobs (virtual Full, copy): its StartTime is that of the newest of them. */
  readonly isMade: boolean;
  /** Base jobs whose files it refers to. */
  readonly bases: readonly number[];
}

/** True for a backup, or a copy of one, that a restore can use. */
export function isGoodBackup(job: JobFacts): boolean {
  return (
    (job.type === "B" || job.type === "C") &&
    (job.status === "T" || job.status === "W") &&
    job.start !== null &&
    "FDIB".includes(job.level)
  );
}

/** `Incremental JobId 12 of 2027-01-15 10:00:00`. */
export function jobWords(job: JobFacts): string {
  return `${levelWord(job.level, job.type)} JobId ${job.jobId} of ${job.start ?? "no time"}`;
}
