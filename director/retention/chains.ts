import { isGoodBackup, type JobFacts } from "./job-facts.ts";

/**
 * The place of a job in its chain, by number: its own JobId, or that of the job that it is a copy of. Copies keep the place after their
 * original has gone.
 */
export function placeOf(job: JobFacts): number {
  return job.isMade && job.priorJobId > 0 ? job.priorJobId : job.jobId;
}

/** True for a virtual Full: made of other jobs, and the copy of none. */
function isVirtual(job: JobFacts): boolean {
  return job.isMade && job.priorJobId === 0;
}

/** By StartTime, in the same second by number. */
export function byStart(one: JobFacts, two: JobFacts): number {
  if (one.start !== two.start) return (one.start ?? "") < (two.start ?? "") ? -1 : 1;
  return placeOf(one) - placeOf(two);
}

/**
 * The newest chain of each client and FileSet name, whatever the Job is called: the newest good Full that saved something, the last Differential
 * after it, the Incrementals after those. It is what a restore of the most recent state reads.
 */
export function newestChains(good: readonly JobFacts[]): readonly (readonly JobFacts[])[] {
  const chains: (readonly JobFacts[])[] = [];
  for (const jobs of groups(good, (job) => `${job.clientId}\0${job.fileSet}`)) {
    const fulls = jobs.filter((job) => job.level === "F");
    const full = fulls.findLast((job) => job.files > 0) ?? fulls.at(-1);
    if (full === undefined) continue;
    const after = (than: JobFacts, level: string) => jobs.filter((job) => job.level === level && mayFollow(job, than));
    const differential = after(full, "D").at(-1);
    const base = differential ?? full;
    const differentials = differential === undefined ? [] : [differential];
    chains.push([full, ...differentials, ...after(base, "I")]);
  }
  return chains;
}

/**
 * For each job the places that it needs directly: a Differential the Full before it, an Incremental what was saved before it, and each its Base jobs.
 * A chain counts by FileSet name and, where its versions alternate, also by version.
 */
export function chainNeeds(jobs: readonly JobFacts[]): (job: JobFacts) => readonly number[] {
  const needs = new Map<number, Set<number>>();
  const add = (job: JobFacts, places: readonly number[]) => {
    const set = needs.get(job.jobId) ?? new Set();
    for (const place of places) if (place !== placeOf(job)) set.add(place);
    needs.set(job.jobId, set);
  };
  const backups = jobs.filter((job) => job.type === "B" || job.type === "C");
  for (const job of backups) add(job, job.bases);
  const keys = [
    (job: JobFacts) => `${job.clientId}\0${job.name}\0${job.fileSet}`,
    (job: JobFacts) => `${job.clientId}\0${job.name}\0${job.fileSetId}`,
  ];
  for (const key of keys) for (const group of groups(backups, key)) needsWithin(group, add);
  return (job) => [...(needs.get(job.jobId) ?? [])];
}

/** One pass through a group in the order of time: what stands last before each job. */
function needsWithin(group: readonly JobFacts[], add: (job: JobFacts, places: readonly number[]) => void): void {
  let fulls: number[] = [];
  let last: number[] = [];
  for (const second of sameSecond(group)) {
    const good = second.filter((job) => isGoodBackup(job) && job.level !== "B");
    const fullsNow = good.filter((job) => job.level === "F");
    // Jobs of one second may have read their files in either order.
    for (const job of second) {
      if (job.level === "D") add(job, [...fulls, ...fullsNow.map(placeOf)]);
      if (job.level === "I") add(job, [...last, ...good.map(placeOf)]);
    }
    if (fullsNow.length > 0) fulls = fullsNow.map(placeOf);
    // A virtual Full carries the time of the newest job that it was made of: it stands for that job too.
    const virtual = fullsNow.filter((job) => isVirtual(job));
    if (good.length > 0) last = (virtual.length > 0 ? virtual : good).map(placeOf);
  }
}

/** True if a job may have read its files after the other: it began later, or in the same second. */
function mayFollow(job: JobFacts, than: JobFacts): boolean {
  if (job.start === than.start) return placeOf(job) !== placeOf(than) && !isVirtual(than);
  return (job.start ?? "") > (than.start ?? "");
}

/** Jobs by key, each group in the order of time. */
function groups(jobs: readonly JobFacts[], key: (job: JobFacts) => string): readonly (readonly JobFacts[])[] {
  const found = new Map<string, JobFacts[]>();
  for (const job of jobs) {
    const group = found.get(key(job));
    if (group === undefined) found.set(key(job), [job]);
    else group.push(job);
  }
  return [...found.values()].map((group) => group.sort(byStart));
}

/** Runs of jobs with the same StartTime; jobs that never started need nothing and are left out. */
function sameSecond(sorted: readonly JobFacts[]): JobFacts[][] {
  const seconds: JobFacts[][] = [];
  for (const job of sorted) {
    if (job.start === null) continue;
    const last = seconds.at(-1);
    if (last !== undefined && last[0]!.start === job.start) last.push(job);
    else seconds.push([job]);
  }
  return seconds;
}
