import type { HalfEnd } from "./two-halves.ts";

/** What running a job gave: its outcome follows from this. */
export interface JobResult {
  /** Null: the half never began. */
  readonly fd: HalfEnd | null;
  readonly sd: HalfEnd | null;
  /** The Director itself gave the job up. */
  readonly hasFailed: boolean;
  /** Errors and warnings that the Director reported for the job. */
  readonly directorErrors: number;
}

/** A job that ended before any daemon had to do with it. */
export const NOTHING_DONE: JobResult = { fd: null, sd: null, hasFailed: false, directorErrors: 0 };
