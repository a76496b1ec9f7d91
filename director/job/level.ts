import { reportLevel } from "./level-words.ts";

/** Levels that this release can run. */
export type RunLevel = "F" | "D" | "I";

/** A prior job as the decision needs it. */
export interface PriorJob {
  /** Unique job name. */
  readonly job: string;
  readonly level: string;
  /** StartTime, unix milliseconds. */
  readonly startMs: number;
}

/** What the catalog knows of earlier runs of the same Job, Client and FileSet. */
export interface LevelFacts {
  readonly lastFull: PriorJob | null;
  readonly lastDifferential: PriorJob | null;
  /** Newest good job of any of Full, Differential, Incremental. */
  readonly lastGood: PriorJob | null;
  /** Highest level among failed jobs that are newer than what the new job would build upon; null if none or not asked for. */
  readonly failedLevel: RunLevel | null;
  /** A job of this name for this Client exists, whatever its FileSet. */
  readonly ranBefore: boolean;
}

/** Directives of the Job; milliseconds, 0: no limit. */
export interface LevelRules {
  readonly maxFullIntervalMs: number;
  readonly maxDiffIntervalMs: number;
}

export interface LevelDecision {
  readonly level: RunLevel;
  /** Save what changed since; null: everything. Unix milliseconds. */
  readonly sinceMs: number | null;
  /** Level that was asked for, if another one is run. */
  readonly upgradedFrom: RunLevel | null;
  /** Unique name of the job that the new one builds upon; empty for a Full. */
  readonly priorJob: string;
  /** Lines for the job's log. */
  readonly messages: readonly string[];
}

/** Decides level and since time of a Backup. The caller reads the catalog. */
export function decideLevel(asked: RunLevel, facts: LevelFacts, rules: LevelRules, nowMs: number): LevelDecision {
  if (asked === "F") return full(null, []);
  if (facts.lastFull === null) {
    const where = facts.ranBefore ? " for the current FileSet" : "";
    return full(asked, [`No prior or suitable Full backup found in catalog${where}. Doing FULL backup.`]);
  }
  if (isOlder(facts.lastFull, rules.maxFullIntervalMs, nowMs)) {
    return full(asked, [`Max Full Interval exceeded: the last Full backup is of ${facts.lastFull.job}. Doing FULL backup.`]);
  }
  if (facts.failedLevel === "F") return full(asked, [rerun("F")]);
  if (asked === "D") return differential(facts.lastFull, null, []);
  const newestBase = facts.lastDifferential ?? facts.lastFull;
  if (isOlder(newestBase, rules.maxDiffIntervalMs, nowMs)) {
    return differential(facts.lastFull, asked, [
      `Max Diff Interval exceeded: the last Differential or Full backup is of ${newestBase.job}. Doing DIFFERENTIAL backup.`,
    ]);
  }
  if (facts.failedLevel === "D") return differential(facts.lastFull, asked, [rerun("D")]);
  const prior = facts.lastGood ?? facts.lastFull;
  return { level: "I", sinceMs: prior.startMs, upgradedFrom: null, priorJob: prior.job, messages: [] };
}

function full(upgradedFrom: RunLevel | null, messages: readonly string[]): LevelDecision {
  return { level: "F", sinceMs: null, upgradedFrom, priorJob: "", messages };
}

function differential(base: PriorJob, upgradedFrom: RunLevel | null, messages: readonly string[]): LevelDecision {
  return { level: "D", sinceMs: base.startMs, upgradedFrom, priorJob: base.job, messages };
}

function rerun(level: RunLevel): string {
  const word = reportLevel(level);
  return `Prior failed job found in catalog. Upgrading to ${word}.`;
}

function isOlder(job: PriorJob, intervalMs: number, nowMs: number): boolean {
  return intervalMs > 0 && nowMs - job.startMs >= intervalMs;
}
