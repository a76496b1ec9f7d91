/** What a `Keep` directive says. Counts are 0 where nothing is written. */
export interface KeepRule {
  /** The newest backups, whatever their time. */
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Seconds: no backup that is younger goes. */
  readonly minimumAge: number;
}

/** A backup as the rule sees it. */
export interface KeepBackup {
  readonly jobId: number;
  /** When it began: `YYYY-MM-DD HH:MM:SS`, local time. */
  readonly start: string;
  /** When it ended, unix seconds. */
  readonly tdate: number;
}

/** Calendar periods of a rule. */
export const KEEP_PERIODS = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type KeepPeriod = (typeof KEEP_PERIODS)[number];

/** Nothing written yet. */
export const EMPTY_KEEP: KeepRule = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, minimumAge: 0 };

/**
 * The backups of one series that the rule keeps, each with the reason. For each period the newest backup of each of the newest `n`
 * hours, days, ISO weeks, months or years that have one, by the local time at which it began; periods without a backup do not count, so a
 * client that was away loses nothing. Each period is counted by itself. The newest backup always stays. Pure.
 */
export function keptByRule(backups: readonly KeepBackup[], rule: KeepRule, nowMs: number): ReadonlyMap<number, string> {
  const kept = new Map<number, string>();
  const keep = (backup: KeepBackup, why: string) => {
    if (!kept.has(backup.jobId)) kept.set(backup.jobId, why);
  };
  const newestFirst = [...backups].sort(newestBefore);
  for (const [at, backup] of newestFirst.entries()) {
    if (at < rule.last) keep(backup, at === 0 ? "the newest" : `one of the newest ${rule.last}`);
    if (nowMs / 1000 - backup.tdate < rule.minimumAge) keep(backup, "younger than the minimum age");
  }
  if (newestFirst[0] !== undefined) keep(newestFirst[0], "the newest");
  for (const period of KEEP_PERIODS) {
    const seen = new Set<string>();
    for (const backup of newestFirst) {
      const key = periodOf(backup.start, period);
      if (seen.has(key)) continue;
      if (seen.size >= rule[period]) break;
      seen.add(key);
      keep(backup, `${period} of ${key}`);
    }
  }
  return kept;
}

/** The hour, day, ISO week, month or year that a local time lies in: `2027-01-15 10h`, `2027-01-15`, `2027-W02`, `2027-01`, `2027`. */
export function periodOf(start: string, period: KeepPeriod): string {
  switch (period) {
    case "hourly":
      return `${start.slice(0, 13)}h`;
    case "daily":
      return start.slice(0, 10);
    case "weekly": {
      const date = Temporal.PlainDate.from(start.slice(0, 10));
      return `${date.yearOfWeek}-W${String(date.weekOfYear).padStart(2, "0")}`;
    }
    case "monthly":
      return start.slice(0, 7);
    case "yearly":
      return start.slice(0, 4);
  }
}

/** The rule as it is written. */
export function keepText(rule: KeepRule, minimumAge: (seconds: number) => string): string {
  const counts = KEEP_PERIODS.flatMap((period) => (rule[period] > 0 ? [`${rule[period]} ${period}`] : []));
  return [
    ...(rule.last > 0 ? [`last ${rule.last}`] : []),
    ...counts,
    ...(rule.minimumAge > 0 ? [`minimum age ${minimumAge(rule.minimumAge)}`] : []),
  ].join(", ");
}

function newestBefore(one: KeepBackup, two: KeepBackup): number {
  if (one.start !== two.start) return one.start > two.start ? -1 : 1;
  return two.jobId - one.jobId;
}
