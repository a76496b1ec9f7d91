import { listAgedOthers, listAgedSeries, listNewestInitCatalogs, type Series } from "#catalog/queries/retention.ts";
import { judgeByAge, judgeByKeep, judgeJobs, retentionJob, type Judged, type OwnTime, type RetentionJob } from "./judge.ts";
import { ENDED, jobsOnLastingVolumes, readSeries, usersOfBases, type RetentionParts } from "./parts.ts";
import { policyOf, readPolicyRows, shortestRetention, type PolicyRows } from "./policy.ts";
import { removeJobs } from "./remove-jobs.ts";

/** Which jobs are asked for; undefined: all. */
export interface JobsAsk {
  readonly clientId?: number;
  readonly poolId?: number;
  /** Job Retention in the place of the configured one, in seconds; Keep stays in force. */
  readonly seconds?: number;
  /** Series of which nothing is old enough are judged too: for a simulation. */
  readonly isWhole?: boolean;
  /** The moment as of which is judged, unix milliseconds. */
  readonly nowMs: number;
}

/** What pruning came to. */
export interface JobsPruned {
  readonly removed: number;
  /** Jobs whose time is over and that stay all the same: the first ones of `needed`, with the reason. */
  readonly kept: readonly Judged[];
  readonly needed: number;
  readonly upgraded: readonly number[];
}

/** Kept jobs that are told one by one. */
export const KEPT_TOLD_MAX = 20;

/** Deletes the jobs whose time is over and that no kept job needs. */
export async function pruneJobs(parts: RetentionParts, ask: JobsAsk, signal: AbortSignal): Promise<JobsPruned> {
  const kept: Judged[] = [];
  const upgraded: number[] = [];
  let removed = 0;
  let needed = 0;
  const series = judgeAllJobs(parts, ask, signal);
  for (;;) {
    using _turn = await parts.turn.acquire(signal);
    const next = await series.next();
    if (next.done === true) return { removed, kept, needed, upgraded };
    const judged = next.value;
    const going = judged.filter(({ verdict }) => verdict.kind === "goes").map(({ job }) => job);
    const staying = judged.filter(({ verdict }) => verdict.kind === "needed");
    kept.push(...staying.slice(0, KEPT_TOLD_MAX - kept.length));
    needed += staying.length;
    const done = await removeJobs(parts, going, signal);
    removed += done.jobIds.length;
    upgraded.push(...done.upgraded);
  }
}

/**
 * Verdicts on the jobs of an ask, a series (client and FileSet) at a time, then the jobs that are no backups in pages. Series without a
 * job that is old enough are passed over.
 */
export async function* judgeAllJobs(
  parts: RetentionParts,
  ask: JobsAsk,
  signal: AbortSignal,
): AsyncGenerator<readonly Judged[]> {
  const { catalog } = parts;
  const rows = await readPolicyRows(catalog);
  const shortest =
    ask.isWhole === true ? 0 : Math.min(ask.seconds ?? Infinity, shortestRetention(rows, parts.config(), "jobs"));
  const wanted = {
    ...(ask.clientId === undefined ? {} : { clientId: ask.clientId }),
    endedBefore: Math.ceil(ask.nowMs / 1000 - shortest) + 1,
  };
  const lasting = await jobsOnLastingVolumes(catalog);
  for (const series of await listAgedSeries(catalog, wanted)) {
    signal.throwIfAborted();
    yield await judgeSeries(parts, series, { ask, rows, lasting });
  }
  yield* judgeOthers(parts, ask, rows, wanted, signal);
}

async function judgeSeries(
  parts: RetentionParts,
  series: Series,
  facts: { readonly ask: JobsAsk; readonly rows: PolicyRows; readonly lasting: ReadonlyMap<number, string> },
): Promise<readonly Judged[]> {
  const { ask, rows, lasting } = facts;
  const jobs = await readSeries(parts.catalog, series);
  const usedBases = await usersOfBases(parts.catalog, jobs);
  const policy = (job: RetentionJob) =>
    policyOf({ Name: job.name, ClientId: job.clientId, PoolId: job.poolId }, rows, parts.config());
  const byKeep = judgeByKeep(jobs, policy, ask.nowMs);
  const ownTime = (job: RetentionJob): OwnTime => {
    if (!isAsked(job, ask)) return { isOver: false, why: "not asked for", untilMs: null };
    const lastsWhy = lasting.get(job.jobId);
    if (lastsWhy !== undefined) return { isOver: false, why: lastsWhy, untilMs: null };
    const user = usedBases.get(job.jobId);
    if (user !== undefined) return { isOver: false, why: `JobId ${user} refers to files of this Base`, untilMs: null };
    const kept = byKeep.get(job.jobId);
    return kept ?? judgeByAge(job, ask.seconds ?? policy(job).jobs, `Job Retention of ${policy(job).jobsFrom}:`, ask.nowMs);
  };
  return judgeJobs(jobs, ownTime, parts.busy()).filter(({ job }) => isAsked(job, ask));
}

function isAsked(job: RetentionJob, ask: JobsAsk): boolean {
  return ENDED.has(job.status) && (ask.poolId === undefined || job.poolId === ask.poolId);
}

async function* judgeOthers(
  parts: RetentionParts,
  ask: JobsAsk,
  rows: PolicyRows,
  wanted: { readonly clientId?: number; readonly endedBefore: number },
  signal: AbortSignal,
): AsyncGenerator<readonly Judged[]> {
  const initCatalogs = new Set(await listNewestInitCatalogs(parts.catalog));
  for (let afterJobId = 0; ;) {
    signal.throwIfAborted();
    const page = await listAgedOthers(parts.catalog, { ...wanted, afterJobId });
    const last = page.at(-1);
    if (last === undefined) return;
    afterJobId = last.JobId;
    const { running } = parts.busy();
    yield page
      .map((row) => retentionJob(row))
      .filter((job) => isAsked(job, ask) && !running.has(job.jobId))
      .map((job) => {
        const policy = policyOf({ Name: job.name, ClientId: job.clientId, PoolId: job.poolId }, rows, parts.config());
        const time: OwnTime = initCatalogs.has(job.jobId)
          ? { isOver: false, why: "the newest InitCatalog of its job", untilMs: null }
          : judgeByAge(job, ask.seconds ?? policy.jobs, `Job Retention of ${policy.jobsFrom}:`, ask.nowMs);
        const verdict = time.isOver
          ? ({ kind: "goes", why: time.why } as const)
          : ({ kind: "stays", why: time.why, untilMs: time.untilMs } as const);
        return { job, verdict };
      });
  }
}
