import type { JobOutcome } from "./job-state.ts";

/** How one daemon's half of a job ended, as the decision needs it. */
export interface HalfResult {
  /** JobStatus letter: T, W, E, f, A, I. */
  readonly status: string;
  readonly errors: number;
  /** Restore: expected and not restored. Backup: met and not saved. */
  readonly missingFiles: number;
}

/** Everything from which the end of a job follows. */
export interface OutcomeFacts {
  /** JobType letter. */
  readonly type: string;
  /** Null: the half did not end, or never began. */
  readonly fd: HalfResult | null;
  readonly sd: HalfResult | null;
  readonly isCanceled: boolean;
  /** The Director itself gave the job up, or could not record it. */
  readonly hasDirectorFailed: boolean;
  /** Errors and warnings that the Director itself reported for this job (run scripts). */
  readonly directorWarnings: number;
}

/** Decides how a job ended. Good only if both halves ended well and all is recorded. */
export function decideOutcome(facts: OutcomeFacts): JobOutcome {
  if (facts.isCanceled) return "canceled";
  if (facts.hasDirectorFailed) return "fatal";
  if (facts.type === "D") return facts.directorWarnings > 0 ? "warnings" : "ok";
  if (facts.fd === null || facts.sd === null) return "fatal";
  const letters = [facts.fd.status, facts.sd.status];
  // Both say so: they were canceled before the Director was restarted. One alone was stopped because the other one failed.
  if (letters.every((letter) => letter === "A")) return "canceled";
  for (const [letter, outcome] of WORST_FIRST) if (letters.includes(letter)) return outcome;
  if (letters.some((letter) => letter !== "T" && letter !== "W")) return "error";
  // A restore is there to bring files back: one that did not come back is a failure, not a remark.
  if (facts.type === "R" && (facts.fd.missingFiles > 0 || facts.fd.errors > 0 || facts.sd.errors > 0)) return "error";
  const isSpotless =
    letters.every((letter) => letter === "T") && facts.fd.errors + facts.sd.errors + facts.directorWarnings === 0;
  return isSpotless ? "ok" : "warnings";
}

const WORST_FIRST = [
  ["f", "fatal"],
  ["E", "error"],
  ["A", "error"],
  ["I", "incomplete"],
] as const satisfies readonly (readonly [string, JobOutcome])[];

/** What is wrong with a job whose daemons ended with more warnings than Maximum Warnings allows (0: any number). */
export function warningsFault(limit: number, ends: readonly { readonly warnings: number }[]): string | undefined {
  const warnings = ends.reduce((sum, end) => sum + end.warnings, 0);
  if (limit === 0 || warnings <= limit) return undefined;
  return `The job has ${warnings} warnings, more than Maximum Warnings = ${limit}.`;
}

/** True if the next Incremental may build upon a job that ended so. */
export function isGood(outcome: JobOutcome): boolean {
  return outcome === "ok" || outcome === "warnings";
}

/** The words of the report's Termination line. */
export function terminationLine(type: string, outcome: JobOutcome): string {
  const word = type === "R" ? "Restore" : type === "D" ? "Admin" : type === "V" ? "Verify" : "Backup";
  switch (outcome) {
    case "ok":
      return `${word} OK`;
    case "warnings":
      return `${word} OK -- with warnings`;
    case "error":
    case "fatal":
      return `*** ${word} Error ***`;
    case "canceled":
      return `${word} Canceled`;
    case "incomplete":
      return type === "R" ? "Restore Incomplete" : `${word} failed -- Incomplete`;
  }
}
