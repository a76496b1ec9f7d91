import { parseCatalogTime } from "#lib/base/local-time.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { findClientById } from "#catalog/queries/clients.ts";
import { findFileSetById } from "#catalog/queries/filesets.ts";
import { findPoolById } from "#catalog/queries/pools.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import type { JobView } from "./job-view.ts";
import { outcomeOfLetter, statusWords } from "./status-letter.ts";

/** A job of the catalog as `status` shows ended jobs. */
export async function viewOfRow(catalog: Catalog, row: JobRow): Promise<JobView> {
  const [client, pool, fileSet] = await Promise.all([
    findClientById(catalog, row.ClientId),
    findPoolById(catalog, row.PoolId),
    findFileSetById(catalog, row.FileSetId),
  ]);
  const outcome = outcomeOfLetter(row.JobStatus);
  return {
    jobId: row.JobId,
    job: row.Job,
    name: row.Name,
    type: row.Type,
    level: row.Level,
    status: row.JobStatus,
    statusText: outcome === null ? "" : statusWords({ kind: "ended", outcome }).text,
    priority: 0,
    client: client?.Name ?? "",
    fileset: fileSet?.FileSet ?? "",
    pool: pool?.Name ?? "",
    storage: "",
    comment: row.Comment ?? "",
    scheduledMs: timeOf(row.SchedTime) ?? 0,
    startedMs: timeOf(row.StartTime),
    endedMs: timeOf(row.RealEndTime ?? row.EndTime),
    files: row.JobFiles,
    bytes: row.JobBytes,
    errors: row.JobErrors,
    mountRequest: null,
  };
}

function timeOf(text: string | null): number | null {
  return text === null ? null : parseCatalogTime(text);
}
