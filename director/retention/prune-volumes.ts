import { markPurgedIfEmpty } from "#catalog/queries/delete.ts";
import { findMediaById } from "#catalog/queries/media.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { listJobsOnVolume, type Series } from "#catalog/queries/retention.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { parseCatalogTime } from "#lib/base/local-time.ts";
import type { DirectorConfig } from "../config/load.ts";
import { judgeByAge, judgeByKeep, judgeJobs, type Judged, type OwnTime, type RetentionJob } from "./judge.ts";
import { ENDED, jobsOnLastingVolumes, readSeries, usersOfBases, type RetentionParts } from "./parts.ts";
import { policyOf, readPolicyRows } from "./policy.ts";
import { removeJobs } from "./remove-jobs.ts";

/** Verdicts on the jobs of some Volumes. */
export interface VolumesJudged {
  readonly judged: readonly Judged[];
  /** Jobs by Volume, MediaId first; those without Job row too. */
  readonly jobsOf: ReadonlyMap<number, readonly number[]>;
  /** Regions of jobs that are gone: nothing to keep. */
  readonly orphans: readonly number[];
}

/** What pruning Volumes came to. */
export interface VolumesPruned {
  readonly removed: number;
  readonly judged: readonly Judged[];
  /** Volumes that hold nothing any more and are Purged now, by name. */
  readonly purged: readonly string[];
  readonly upgraded: readonly number[];
  /** Volumes that hold no job any more, but whose own time is not over: until when they are kept. */
  readonly waiting: readonly { readonly name: string; readonly untilMs: number }[];
}

/** Why the Volume is not to be pruned; null if it may be. */
export async function whyNotPrunable(parts: RetentionParts, row: MediaRow): Promise<string | null> {
  const name = row.VolumeName;
  if (await isPrecious(parts.catalog, row.MediaId)) return `Cannot prune Volume "${name}" because it is precious.`;
  if (parts.claims.isHeld(name)) return `Cannot prune Volume "${name}" because a running job has it.`;
  if (row.Enabled === 2) return `Cannot prune Volume "${name}" because it is archived.`;
  if (row.VolStatus !== "Full" && row.VolStatus !== "Used")
    return `Cannot prune Volume "${name}" because the volume status is "${row.VolStatus}" and should be Full or Used.`;
  if (row.VolRetention === 0) return `Cannot prune Volume "${name}" because its Volume Retention is 0: it is kept for ever.`;
  return null;
}

/**
 * Verdicts on the jobs of these Volumes, as of `nowMs`: a job's time is over when the Volume Retention of one of them has passed since it
 * ended, or its Keep rule gives it up. Jobs on other Volumes stay, and keep what they need.
 */
export async function judgeVolumes(
  parts: RetentionParts,
  volumes: readonly MediaRow[],
  nowMs: number,
  signal: AbortSignal,
): Promise<VolumesJudged> {
  const retention = new Map<number, { readonly seconds: number; readonly volume: string }>();
  const series = new Map<string, Series>();
  const jobsOf = new Map<number, readonly number[]>();
  const orphans: number[] = [];
  for (const volume of volumes) {
    signal.throwIfAborted();
    const jobs = await listJobsOnVolume(parts.catalog, volume.MediaId);
    jobsOf.set(
      volume.MediaId,
      jobs.map((job) => job.jobId),
    );
    for (const { jobId, clientId, fileSet } of jobs) {
      if (clientId === null) orphans.push(jobId);
      else series.set(`${clientId}\0${fileSet}`, { clientId, fileSet });
      const before = retention.get(jobId);
      if (before === undefined || volume.VolRetention < before.seconds)
        retention.set(jobId, { seconds: volume.VolRetention, volume: volume.VolumeName });
    }
  }
  const lasting = await jobsOnLastingVolumes(parts.catalog);
  const judged: Judged[] = [];
  for (const one of series.values()) {
    signal.throwIfAborted();
    judged.push(...(await judgeSeriesOnVolumes(parts, one, { retention, lasting }, nowMs)));
  }
  return { judged, jobsOf, orphans };
}

/** Deletes the jobs on these Volumes whose time is over and that no kept job needs, and marks Volumes Purged that hold nothing any more. */
export async function pruneVolumes(
  parts: RetentionParts,
  volumes: readonly MediaRow[],
  signal: AbortSignal,
): Promise<VolumesPruned> {
  using _turn = await parts.turn.acquire(signal);
  const { judged, jobsOf, orphans } = await judgeVolumes(parts, volumes, parts.now(), signal);
  const going = judged.filter(({ verdict }) => verdict.kind === "goes").map(({ job }) => job);
  const gone = await removeJobs(parts, [...going, ...orphans.map((jobId) => withoutRow(jobId))], signal);
  const purged: string[] = [];
  const waiting: { name: string; untilMs: number }[] = [];
  const pools = await readPolicyRows(parts.catalog);
  const left = new Set([...jobsOf.values()].flat());
  for (const jobId of gone.jobIds) left.delete(jobId);
  for (const volume of volumes) {
    if ((jobsOf.get(volume.MediaId) ?? []).some((jobId) => left.has(jobId))) continue;
    const untilMs = ownTimeOfVolume(volume);
    const isByKeep = hasKeep(parts.config(), pools.pools.get(volume.PoolId)?.Name ?? "");
    if (untilMs >= parts.now() && !isByKeep) {
      waiting.push({ name: volume.VolumeName, untilMs });
      continue;
    }
    const now = await findMediaById(parts.catalog, volume.MediaId);
    if (now !== null && (await whyNotPrunable(parts, now)) === null && (await markPurgedIfEmpty(parts.catalog, volume.MediaId)))
      purged.push(volume.VolumeName);
  }
  return { removed: gone.jobIds.length, judged, purged, upgraded: gone.upgraded, waiting };
}

/**
 * When the Volume Retention has passed since the last write, unix milliseconds: data may be kept for longer than the records of its jobs, so that a
 * Volume whose jobs went by Job Retention is not overwritten before.
 */
export function ownTimeOfVolume(volume: MediaRow): number {
  const written = volume.LastWritten === null ? null : parseCatalogTime(volume.LastWritten);
  return (written ?? 0) + volume.VolRetention * 1000;
}

/** True if rules of Keep decide about the jobs of a Pool: then a Volume is free as soon as no job is left on it. */
function hasKeep(config: Pick<DirectorConfig, "jobs" | "pools">, pool: string): boolean {
  if (config.pools.get(pool)?.keep !== undefined) return true;
  return [...config.jobs.values()].some(
    (job) =>
      job.keep !== undefined &&
      [job.pool, job.fullBackupPool, job.differentialBackupPool, job.incrementalBackupPool].some((one) => one?.name === pool),
  );
}

async function judgeSeriesOnVolumes(
  parts: RetentionParts,
  series: Series,
  onVolumes: {
    readonly retention: ReadonlyMap<number, { readonly seconds: number; readonly volume: string }>;
    readonly lasting: ReadonlyMap<number, string>;
  },
  nowMs: number,
): Promise<readonly Judged[]> {
  const { retention, lasting } = onVolumes;
  const rows = await readPolicyRows(parts.catalog);
  const jobs = await readSeries(parts.catalog, series);
  const usedBases = await usersOfBases(parts.catalog, jobs);
  const policy = (job: RetentionJob) =>
    policyOf({ Name: job.name, ClientId: job.clientId, PoolId: job.poolId }, rows, parts.config());
  const byKeep = judgeByKeep(jobs, policy, nowMs);
  const ownTime = (job: RetentionJob): OwnTime => {
    const own = retention.get(job.jobId);
    if (own === undefined) return { isOver: false, why: "it lies on other Volumes", untilMs: null };
    if (!ENDED.has(job.status)) return { isOver: false, why: "it has not ended", untilMs: null };
    const lastsWhy = lasting.get(job.jobId);
    if (lastsWhy !== undefined) return { isOver: false, why: lastsWhy, untilMs: null };
    const user = usedBases.get(job.jobId);
    if (user !== undefined) return { isOver: false, why: `JobId ${user} refers to files of this Base`, untilMs: null };
    return byKeep.get(job.jobId) ?? judgeByAge(job, own.seconds, `Volume Retention of Volume "${own.volume}":`, nowMs);
  };
  return judgeJobs(jobs, ownTime, parts.busy()).filter(({ job }) => retention.has(job.jobId));
}

/** Enough of a job whose row is gone to delete the rest of it. */
function withoutRow(jobId: number): RetentionJob {
  return {
    jobId,
    name: "",
    type: "",
    level: "",
    status: "",
    clientId: 0,
    fileSetId: 0,
    fileSet: "",
    start: null,
    files: 0,
    priorJobId: 0,
    isMade: false,
    bases: [],
    tdate: 0,
    bytes: 0,
    poolId: 0,
    hasFileRows: false,
  };
}
