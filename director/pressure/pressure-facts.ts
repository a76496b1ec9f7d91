import type { Catalog } from "#catalog/catalog.ts";
import { DEDUP_VOLUME_TYPE } from "#catalog/queries/forgotten-sessions.ts";
import { preciousAmong } from "#catalog/queries/media-care.ts";
import {
  listJobsOnArchived,
  listMediaOfStorages,
  listPlacesOfStorages,
  listSeriesOfStorages,
} from "#catalog/queries/pressure.ts";
import { listJobsOnPrecious } from "#catalog/queries/retention.ts";
import { findStorage } from "#catalog/queries/storages.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { judgeByAge, judgeByKeep, type BusyJobs, type RetentionJob } from "../retention/judge.ts";
import { readSeries, usersOfBases } from "../retention/parts.ts";
import { policyOf, readPolicyRows, type Policy, type PolicyConfig } from "../retention/policy.ts";
import type { PressureFacts, PressureVolume } from "./plan.ts";

/** Statuses of Volumes that nothing more is appended to. */
const WRITTEN: ReadonlySet<string> = new Set(["Full", "Used", "Error"]);

/** A Volume that holds no more than its label has at most these bytes. */
const LABEL_BYTES_MAX = 1000;

/** What is known of the Director besides its catalog. */
export interface PressureKnown {
  readonly policies: PolicyConfig;
  readonly busy: BusyJobs;
  /** Volumes that running jobs have. */
  readonly held: ReadonlySet<string>;
  readonly nowMs: number;
}

/** Reads what decides about the Volumes of these Storages, by name. Computes for seconds where there are very many jobs. */
export async function readPressureFacts(
  catalog: Catalog,
  storages: readonly string[],
  known: PressureKnown,
): Promise<PressureFacts> {
  const storageIds = await storageIdsOf(catalog, storages);
  const rows = await listMediaOfStorages(catalog, storageIds);
  const jobs: RetentionJob[] = [];
  for (const series of await listSeriesOfStorages(catalog, storageIds)) jobs.push(...(await readSeries(catalog, series)));
  const places = await listPlacesOfStorages(catalog, storageIds);
  const holding = new Set(places.map(({ mediaId }) => mediaId));
  const precious = await preciousAmong(
    catalog,
    rows.map(({ MediaId }) => MediaId),
  );
  const onPrecious = [...(await listJobsOnPrecious(catalog))].map(
    ([jobId, name]) => [jobId, `on the precious Volume "${name}"`] as const,
  );
  const onArchived = [...(await listJobsOnArchived(catalog))].map(
    ([jobId, name]) => [jobId, `on the archived Volume "${name}"`] as const,
  );
  const bases = [...(await usersOfBases(catalog, jobs))].map(
    ([base, user]) => [base, `a Base that JobId ${user} refers to`] as const,
  );
  return {
    jobs,
    volumes: rows.map((row) =>
      volumeOf(row, {
        isPrecious: precious.has(row.MediaId),
        holdsJobs: holding.has(row.MediaId),
        isHeld: known.held.has(row.VolumeName),
      }),
    ),
    places,
    untouchable: new Map([...bases, ...onArchived, ...onPrecious]),
    expired: await expiredAmong(catalog, jobs, known),
    busy: known.busy,
  };
}

/** StorageIds of Storage resources that the catalog knows. */
export async function storageIdsOf(catalog: Catalog, storages: readonly string[]): Promise<number[]> {
  const found = await Promise.all(storages.map(async (name) => await findStorage(catalog, name)));
  return found.flatMap((row) => (row === null ? [] : [row.StorageId]));
}

interface VolumeFacts {
  readonly isPrecious: boolean;
  /** The catalog has a job on it, of whatever kind. */
  readonly holdsJobs: boolean;
  readonly isHeld: boolean;
}

function volumeOf(row: MediaRow, facts: VolumeFacts): PressureVolume {
  // One that is appended to may hold a job that has not told yet where it lies.
  const isEmpty = row.VolStatus === "Purged" || (!facts.holdsJobs && WRITTEN.has(row.VolStatus));
  return {
    mediaId: row.MediaId,
    name: row.VolumeName,
    isStore: row.VolType === DEDUP_VOLUME_TYPE,
    isPurged: isEmpty && row.VolBytes > LABEL_BYTES_MAX,
    untouchable: facts.isPrecious
      ? "is precious"
      : row.Enabled === 2
        ? "is archived"
        : facts.isHeld
          ? "is in use by a running job"
          : undefined,
    bytes: row.VolBytes,
  };
}

/** Jobs whose own time is over, by Keep or Job Retention. */
async function expiredAmong(
  catalog: Catalog,
  jobs: readonly RetentionJob[],
  { policies, nowMs }: PressureKnown,
): Promise<ReadonlySet<number>> {
  const rows = await readPolicyRows(catalog);
  const known = new Map<string, Policy>();
  const policy = ({ name, clientId, poolId }: RetentionJob): Policy => {
    const key = `${clientId} ${poolId} ${name}`;
    let found = known.get(key);
    if (found === undefined) {
      found = policyOf({ Name: name, ClientId: clientId, PoolId: poolId }, rows, policies);
      known.set(key, found);
    }
    return found;
  };
  const byKeep = judgeByKeep(jobs, policy, nowMs);
  const isOver = (job: RetentionJob): boolean =>
    (byKeep.get(job.jobId) ?? judgeByAge(job, policy(job).jobs, policy(job).jobsFrom, nowMs)).isOver;
  return new Set(jobs.filter(isOver).map(({ jobId }) => jobId));
}
