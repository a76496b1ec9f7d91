import type { Catalog } from "#catalog/catalog.ts";
import { listClients } from "#catalog/queries/clients.ts";
import { findRuns, listFailedRuns, summarizeJobs, type JobSummary, type RunRow } from "#catalog/queries/job-overview.ts";
import { parseCatalogTime } from "#lib/base/local-time.ts";
import type { JobResource } from "../config/job.ts";

/** What the catalog holds of one Job resource. */
export interface JobHistory {
  readonly good: RunRow | null;
  readonly full: RunRow | null;
  readonly ended: RunRow | null;
  /** Failed runs since the last good one. */
  readonly failures: number;
  readonly goodJobs: number;
  readonly goodBytes: number;
}

/** Of a job that never ran. */
export const NO_HISTORY: JobHistory = { good: null, full: null, ended: null, failures: 0, goodJobs: 0, goodBytes: 0 };

/** The history of each of these Job resources, for its own client: what an operator ran for another one does not count. In a few statements for all. */
export async function historiesOf(catalog: Catalog, jobs: readonly JobResource[]): Promise<(job: JobResource) => JobHistory> {
  const clientIds = new Map((await listClients(catalog)).map((row) => [row.Name, row.ClientId]));
  const summaries = new Map((await summarizeJobs(catalog)).map((row) => [keyOf(row.name, row.clientId), row]));
  const failed = Map.groupBy(await listFailedRuns(catalog), (run) => keyOf(run.Name, run.ClientId));
  const merged = new Map(
    jobs.map((job) => {
      const keys = keysOf(job, clientIds);
      const found = merge(keys.flatMap((key) => summaries.get(key) ?? []));
      const failures = keys.flatMap((key) => failed.get(key) ?? []).filter((run) => run.JobId > (found.lastGood ?? 0));
      return [job.name, { ...found, failures: failures.length }];
    }),
  );
  const ids = [...merged.values()].flatMap(({ lastGood, lastFull, lastEnded }) => [lastGood, lastFull, lastEnded]);
  const runs = await findRuns(catalog, [...new Set(ids.filter((id) => id !== null))]);
  const run = (id: number | null): RunRow | null => (id === null ? null : (runs.get(id) ?? null));
  return ({ name }) => {
    const found = merged.get(name);
    if (found === undefined) return NO_HISTORY;
    const { lastGood, lastFull, lastEnded, ...counts } = found;
    return { ...counts, good: run(lastGood), full: run(lastFull), ended: run(lastEnded) };
  };
}

/** When the run was due or began, the later: what it answers to. Unix milliseconds. */
export function answeredMs(run: RunRow): number {
  return Math.max(...[run.SchedTime, run.StartTime].map((time) => (time === null ? 0 : (parseCatalogTime(time) ?? 0))));
}

function keyOf(name: string, clientId: number): string {
  return `${clientId} ${name}`;
}

/** Runs that ended before their client was known have none. */
function keysOf(job: JobResource, clientIds: ReadonlyMap<string, number>): string[] {
  const own = clientIds.get(job.client.name);
  return [keyOf(job.name, 0), ...(own === undefined ? [] : [keyOf(job.name, own)])];
}

type Merged = Omit<JobSummary, "name" | "clientId">;

function merge(summaries: readonly JobSummary[]): Merged {
  const newest = (key: "lastGood" | "lastFull" | "lastEnded"): number | null =>
    summaries.reduce<number | null>((most, one) => (one[key] === null ? most : Math.max(most ?? 0, one[key])), null);
  return {
    lastGood: newest("lastGood"),
    lastFull: newest("lastFull"),
    lastEnded: newest("lastEnded"),
    goodJobs: summaries.reduce((sum, one) => sum + one.goodJobs, 0),
    goodBytes: summaries.reduce((sum, one) => sum + one.goodBytes, 0),
  };
}
