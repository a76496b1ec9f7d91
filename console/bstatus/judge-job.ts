import { ageText } from "./words.ts";
import { limitFor, type LimitKind, type Limits } from "./limits.ts";
import type { JobFacts } from "./overview.ts";
import { badness, worst, type JobCondition, type JobReport, type Problem, type ProblemKind } from "./report.ts";

/**
 * Judges one job. While it runs nobody asks whether its last backup is old, overdue or missing, until it runs longer than it may: then it hangs,
 * and all is asked. Pure.
 */
export function judgeJob(facts: JobFacts, limits: Limits, now: number): JobReport {
  const ageSeconds = facts.good === null ? null : Math.max(0, now - facts.good.ended);
  if (!facts.isEnabled) return { facts, state: "OK", condition: "disabled", ageSeconds, problems: [] };
  const subject = `${facts.client}/${facts.job}`;
  const limit = (kind: LimitKind): number => limitFor(limits, kind, [facts.client, subject]);
  const hang = hanging(facts, limit("warn-running"), now);
  const findings = [
    ...(hang === null ? [] : [hang]),
    ...failing(facts, limit),
    ...(facts.running !== null && hang === null ? [] : outOfDate(facts, ageSeconds, limit, now)),
  ];
  const problems = findings
    .map((finding): Problem => ({ ...finding, subject }))
    .toSorted((one, other) => badness(other.state) - badness(one.state));
  return {
    facts,
    state: worst(problems.map(({ state }) => state)),
    condition: problems[0]?.kind ?? quietCondition(facts),
    ageSeconds,
    problems,
  };
}

type Finding = Omit<Problem, "subject">;
type LimitOf = (kind: LimitKind) => number;

function quietCondition(facts: JobFacts): JobCondition {
  if (facts.running !== null) return "running";
  return facts.good === null ? "idle" : "good";
}

function hanging({ running }: JobFacts, limitS: number, now: number): Finding | null {
  if (running === null || limitS === 0 || now - running.since <= limitS) return null;
  return {
    state: "WARNING",
    kind: "running",
    text: `JobId ${running.jobId} ${running.text}, for ${ageText(now - running.since)} by now`,
  };
}

function failing({ failures, last }: JobFacts, limit: LimitOf): Finding[] {
  if (failures === 0 || last === null) return [];
  const runs = failures === 1 ? "the last run" : `the last ${failures} runs`;
  return graded(failures, limit("warn-failures"), limit("crit-failures"), {
    kind: "failing",
    text: `${runs} failed; the newest is JobId ${last.jobId} with status ${last.status}`,
  });
}

/** Overdue, too old, or never there: the worst of these. */
function outOfDate(facts: JobFacts, ageS: number | null, limit: LimitOf, now: number): Finding[] {
  if (facts.good === null) return missing(facts);
  const isBackup = facts.type === "B";
  const since = facts.missedSince === null ? "" : `, first ${ageText(now - facts.missedSince)} ago`;
  const overdue = graded(facts.missed, limit("warn-missed"), limit("crit-missed"), {
    kind: "overdue",
    text: `${facts.missed === 1 ? "a run of its Schedule is" : `${facts.missed} runs of its Schedule are`} overdue${since}; the last good one ended ${ageText(ageS ?? 0)} ago`,
  });
  const old = isBackup
    ? graded(
        ageS ?? 0,
        limit("warn-age"),
        limit("crit-age"),
        { kind: "old", text: `the last good backup is ${ageText(ageS ?? 0)} old` },
        true,
      )
    : [];
  return [...overdue, ...old].toSorted((one, other) => badness(other.state) - badness(one.state)).slice(0, 1);
}

/** A job that never ended well: no alarm before its first run was due. Other jobs than backups may be there for the day they are needed. */
function missing({ type, last, missed }: JobFacts): Finding[] {
  const wasDue = last !== null || missed > 0;
  if (type !== "B") return missed > 0 ? [{ state: "WARNING", kind: "never", text: "it has never ended well" }] : [];
  return [
    {
      state: wasDue ? "CRITICAL" : "WARNING",
      kind: "never",
      text: wasDue ? "there is no good backup" : "there is no backup yet",
    },
  ];
}

/** Bad from a limit on; with `isBeyond` only past it. A limit of 0 is none. */
function graded(
  value: number,
  warn: number,
  crit: number,
  finding: { readonly kind: ProblemKind; readonly text: string },
  isBeyond = false,
): Finding[] {
  const reaches = (limit: number): boolean => limit > 0 && (isBeyond ? value > limit : value >= limit);
  if (reaches(crit)) return [{ ...finding, state: "CRITICAL" }];
  return reaches(warn) ? [{ ...finding, state: "WARNING" }] : [];
}
