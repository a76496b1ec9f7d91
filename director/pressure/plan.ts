import { parseCatalogTime } from "#lib/base/local-time.ts";
import { byStart, chainNeeds, placeOf } from "../retention/chains.ts";
import { isGoodBackup, jobWords } from "../retention/job-facts.ts";
import { neededJobs, reasonText } from "../retention/needed-jobs.ts";
import type { BusyJobs, RetentionJob } from "../retention/judge.ts";

/** A Volume on the file system that is short of room. */
export interface PressureVolume {
  readonly mediaId: number;
  readonly name: string;
  /** Its data lies in a store of chunks: each job on it can be given up by itself. Else space comes back only with the whole Volume. */
  readonly isStore: boolean;
  /** It was written, no job lies on it any more, and it still takes its space. */
  readonly isPurged: boolean;
  /** Why it is not touched, e.g. "is precious"; undefined: it may be. */
  readonly untouchable: string | undefined;
  readonly bytes: number;
}

/** What decides what goes first. */
export interface PressureFacts {
  /** All backups and copies of every client and FileSet that has one on these Volumes. */
  readonly jobs: readonly RetentionJob[];
  readonly volumes: readonly PressureVolume[];
  /** What lies where: jobs and these Volumes. */
  readonly places: readonly { readonly jobId: number; readonly mediaId: number }[];
  /** Jobs that stay on their own account, and why: on a precious Volume, a Base in use. */
  readonly untouchable: ReadonlyMap<number, string>;
  /** Jobs whose retention is over. */
  readonly expired: ReadonlySet<number>;
  readonly busy: BusyJobs;
}

/** One step of making room, the smallest there is. */
export type Victim =
  | { readonly kind: "empty"; readonly volume: PressureVolume; readonly jobs: readonly []; readonly why: string }
  | { readonly kind: "job"; readonly jobs: readonly [RetentionJob]; readonly why: string }
  | { readonly kind: "volume"; readonly volume: PressureVolume; readonly jobs: readonly RetentionJob[]; readonly why: string };

/** What goes next, or why nothing may. */
export type NextVictim = Victim | { readonly kind: "none"; readonly why: string };

/**
 * What is given up next. Pure, and the same whenever it is asked while the catalog is the same. In this order: Volumes that were purged and still
 * take space; what has expired; then what is one of several of its day, week or month, by age;
 * then the oldest, of whichever client, so that the history of all reaches back equally far. A step
 * never touches the newest chain of a client and FileSet, what a job that stays needs, what is precious, or in use.
 */
export function nextVictim(facts: PressureFacts): NextVictim {
  const empty = facts.volumes.find((volume) => volume.isPurged && volume.untouchable === undefined);
  if (empty !== undefined)
    return { kind: "empty", volume: empty, jobs: [], why: "no job lies on it any more, and it still takes its space" };
  const rules = new Rules(facts);
  const candidates = [...storeCandidates(facts, rules), ...volumeCandidates(facts, rules)];
  const best = candidates.reduce<Candidate | undefined>(
    (least, one) => (least === undefined || compare(one, least) < 0 ? one : least),
    undefined,
  );
  return best === undefined ? { kind: "none", why: whyNothing(facts, rules) } : best.victim;
}

/** The facts after a step: what is asked next when the step was taken. */
export function without(facts: PressureFacts, victim: Victim): PressureFacts {
  const gone = new Set(victim.jobs.map(({ jobId }) => jobId));
  const emptied = victim.kind === "job" ? undefined : victim.volume.mediaId;
  return {
    ...facts,
    jobs: facts.jobs.filter(({ jobId }) => !gone.has(jobId)),
    places: facts.places.filter(({ jobId }) => !gone.has(jobId)),
    volumes: facts.volumes.filter(({ mediaId }) => mediaId !== emptied),
  };
}

interface Candidate {
  readonly victim: Victim;
  /** Lower goes first: 0 expired, 1 one of several in its period, 2 any other. */
  readonly stage: number;
  /** How many jobs it costs, and how many backups their client has in all. */
  readonly jobs: number;
  readonly clientJobs: number;
  readonly start: string;
  readonly order: number;
}

function compare(one: Candidate, other: Candidate): number {
  if (one.stage !== other.stage) return one.stage - other.stage;
  if (one.start !== other.start) return one.start < other.start ? -1 : 1;
  if (one.jobs !== other.jobs) return one.jobs - other.jobs;
  if (one.clientJobs !== other.clientJobs) return other.clientJobs - one.clientJobs;
  return one.order - other.order;
}

/** What is worked out once for all candidates. */
class Rules {
  /** Why a job stays; a job that is not here may go with all that needs it. */
  readonly stays: ReadonlyMap<number, string>;
  readonly #facts: PressureFacts;
  readonly #redundant: ReadonlySet<number>;
  readonly #clientJobs = new Map<number, number>();
  /** Good jobs that need the place of a job directly. */
  readonly #dependents = new Map<number, RetentionJob[]>();

  constructor(facts: PressureFacts) {
    this.#facts = facts;
    const { jobs, untouchable, busy } = facts;
    const needed = neededJobs(jobs, { isKept: (job) => untouchable.has(job.jobId), ...busy });
    this.stays = new Map([...untouchable, ...[...needed].map(([jobId, reason]) => [jobId, reasonText(reason)] as const)]);
    const good = jobs.filter((job) => isGoodBackup(job));
    this.#redundant = redundantJobs(good);
    for (const { clientId } of good) this.#clientJobs.set(clientId, (this.#clientJobs.get(clientId) ?? 0) + 1);
    const needs = chainNeeds(jobs);
    for (const job of good)
      for (const place of needs(job)) this.#dependents.set(place, [...(this.#dependents.get(place) ?? []), job]);
  }

  /** The jobs and all that needs one of them, newest first; undefined: one of these stays. */
  closure(jobs: readonly RetentionJob[]): readonly RetentionJob[] | undefined {
    const found = new Map<number, RetentionJob>();
    const waiting = [...jobs];
    for (let job = waiting.pop(); job !== undefined; job = waiting.pop()) {
      if (this.stays.has(job.jobId)) return undefined;
      if (found.has(job.jobId)) continue;
      found.set(job.jobId, job);
      if (isGoodBackup(job)) waiting.push(...(this.#dependents.get(placeOf(job)) ?? []));
    }
    return [...found.values()].sort((one, two) => byStart(two, one));
  }

  /** In which turn a job goes. One that failed is worth nothing. */
  stageOf(job: RetentionJob): number {
    if (this.#facts.expired.has(job.jobId) || !isGoodBackup(job)) return 0;
    return this.#redundant.has(job.jobId) ? 1 : 2;
  }

  /** The same for a whole step, in words. */
  why(jobs: readonly RetentionJob[]): string {
    const stage = Math.max(0, ...jobs.map((job) => this.stageOf(job)));
    return ["its retention is over", "a newer one of the same day, week or month stays", "it is the oldest that may go"][
      stage
    ]!;
  }

  candidate(victim: Victim): Candidate {
    const { jobs } = victim;
    const newest = jobs[0];
    return {
      victim,
      stage: Math.max(0, ...jobs.map((job) => this.stageOf(job))),
      jobs: jobs.length,
      clientJobs: Math.max(0, ...jobs.map(({ clientId }) => this.#clientJobs.get(clientId) ?? 0)),
      start: newest?.start ?? "",
      order: victim.kind === "job" ? (newest?.jobId ?? 0) : victim.volume.mediaId,
    };
  }
}

/** In a store the smallest step is one job that nothing else needs. Jobs that failed keep nothing there. */
function* storeCandidates(facts: PressureFacts, rules: Rules): Generator<Candidate> {
  const stores = new Set(facts.volumes.filter(({ isStore }) => isStore).map(({ mediaId }) => mediaId));
  const stored = new Set(facts.places.filter(({ mediaId }) => stores.has(mediaId)).map(({ jobId }) => jobId));
  for (const job of facts.jobs) {
    if (!stored.has(job.jobId) || !isGoodBackup(job)) continue;
    const closure = rules.closure([job]);
    if (closure?.length === 1) yield rules.candidate({ kind: "job", jobs: [job], why: rules.why([job]) });
  }
}

/** A plain Volume goes as a whole, with what needs its jobs. */
function* volumeCandidates(facts: PressureFacts, rules: Rules): Generator<Candidate> {
  const byId = new Map(facts.jobs.map((job) => [job.jobId, job]));
  const onVolume = Map.groupBy(facts.places, ({ mediaId }) => mediaId);
  for (const volume of facts.volumes) {
    if (volume.isStore || volume.isPurged || volume.untouchable !== undefined) continue;
    const places = onVolume.get(volume.mediaId) ?? [];
    const jobs = places.flatMap(({ jobId }) => byId.get(jobId) ?? []);
    // One of which no more is known than that it lies there (a restore, a job of another kind) is nobody's to give up.
    if (jobs.length === 0 || jobs.length < places.length) continue;
    const closure = rules.closure(jobs);
    if (closure !== undefined) yield rules.candidate({ kind: "volume", volume, jobs: closure, why: rules.why(closure) });
  }
}

/** From which age on, in days before the newest job of its series, one job a period is enough. */
const THINNING: readonly { readonly fromDays: number; readonly periodOf: (start: string, day: number) => string }[] = [
  { fromDays: 180, periodOf: (start) => start.slice(0, 7) },
  { fromDays: 30, periodOf: (_start, day) => `week ${Math.floor((day + 3) / 7)}` },
  { fromDays: 2, periodOf: (start) => start.slice(0, 10) },
];

const DAY_MS = 86_400_000;

/**
 * The good jobs beside which a newer one of the same period stands: after two days one a day is enough, after a month one a week, after half a year one
 * a month, the newest of each. A series is a client, Job and FileSet; age is as of its newest job.
 */
function redundantJobs(good: readonly RetentionJob[]): ReadonlySet<number> {
  const redundant = new Set<number>();
  const series = Map.groupBy(good, (job) => `${job.clientId}\0${job.fileSet}\0${job.name}`);
  for (const jobs of series.values()) {
    const sorted = jobs.toSorted(byStart);
    const lastMs = startMs(sorted.at(-1)!);
    for (const [at, job] of sorted.entries()) {
      const next = sorted[at + 1];
      const rule = THINNING.find(({ fromDays }) => lastMs - startMs(job) >= fromDays * DAY_MS);
      if (next === undefined || rule === undefined) continue;
      const period = (one: RetentionJob) => rule.periodOf(one.start ?? "", Math.floor(startMs(one) / DAY_MS));
      if (period(job) === period(next)) redundant.add(job.jobId);
    }
  }
  return redundant;
}

function startMs(job: RetentionJob): number {
  return parseCatalogTime(job.start ?? "") ?? 0;
}

/** Why nothing may go, for the operator. */
function whyNothing(facts: PressureFacts, rules: Rules): string {
  const onDisk = new Set(facts.places.map(({ jobId }) => jobId));
  const kept = facts.jobs.filter(({ jobId }) => onDisk.has(jobId));
  if (kept.length === 0) return "no job lies on it that could be deleted";
  const groups = new Map<string, RetentionJob[]>();
  for (const job of kept) {
    const why = rules.stays.get(job.jobId) ?? "on a Volume with a job that stays";
    groups.set(why, [...(groups.get(why) ?? []), job]);
  }
  const [named, more] = [[...groups].slice(0, 5), Math.max(0, groups.size - 5)];
  const parts = named.map(
    ([why, jobs]) => `${jobWords(jobs[0]!)}${jobs.length > 1 ? ` and ${jobs.length - 1} more` : ""}: ${why}`,
  );
  return `${parts.join("; ")}${more > 0 ? `; and ${more} more reasons` : ""}`;
}
