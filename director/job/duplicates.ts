import type { RunOrigin } from "./run-request.ts";

/** What the check for duplicates must know of a job with the same name that is queued or running. */
export interface DuplicateFacts {
  readonly jobId: number;
  /** JobLevel letter. */
  readonly level: string;
  readonly isQueued: boolean;
  /** Queued for a time that has not come: it waits for no other job. */
  readonly isForLater?: boolean;
}

/** Directives of the Job resource that decide. */
export interface DuplicateRules {
  readonly allowDuplicateJobs: boolean;
  readonly cancelLowerLevelDuplicates: boolean;
  readonly cancelQueuedDuplicates: boolean;
  readonly cancelRunningDuplicates: boolean;
}

export type DuplicateVerdict =
  | { readonly kind: "proceed"; readonly cancel: readonly number[] }
  | { readonly kind: "refuse"; readonly because: number; readonly text: string };

const RANK: Readonly<Record<string, number>> = { I: 1, D: 2, F: 3 };

/** Decides whether a job may be started beside others of its name, and which of those are canceled for it. */
export function checkDuplicates(level: string, others: readonly DuplicateFacts[], rules: DuplicateRules): DuplicateVerdict {
  if (rules.allowDuplicateJobs) return { kind: "proceed", cancel: [] };
  const cancel: number[] = [];
  for (const other of others) {
    if (!isCanceledFor(level, other, rules)) {
      return { kind: "refuse", because: other.jobId, text: `JobId ${other.jobId} already running. Duplicate job not allowed.` };
    }
    cancel.push(other.jobId);
  }
  return { kind: "proceed", cancel };
}

function isCanceledFor(level: string, other: DuplicateFacts, rules: DuplicateRules): boolean {
  const [mine, theirs] = [RANK[level] ?? 0, RANK[other.level] ?? 0];
  if (rules.cancelLowerLevelDuplicates && mine > 0 && theirs > 0 && mine !== theirs) return mine > theirs;
  return rules.cancelRunningDuplicates || (rules.cancelQueuedDuplicates && other.isQueued);
}

/** Runs of one Job that a Schedule lets wait for each other; a job that hangs over a holiday must not fill the queue. */
const WAITING_RUNS_MAX = 100;

/** Why a run of a Schedule is left out: so many runs of the Job wait already. Null: it may wait too. */
export function crowdFault(origin: RunOrigin, others: readonly DuplicateFacts[]): string | null {
  const waiting = others.filter((other) => other.isQueued && other.isForLater !== true).length;
  if (origin.kind !== "schedule" || waiting < WAITING_RUNS_MAX) return null;
  const previous = others.find((other) => !other.isQueued) ?? others[0];
  return `This run is left out: previous instance jobid=${previous?.jobId ?? 0} still running, and ${waiting} runs of the Job wait for it.`;
}
