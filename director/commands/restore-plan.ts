import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Catalog } from "#catalog/catalog.ts";
import { findClientById } from "#catalog/queries/clients.ts";
import { listJobRegions } from "#catalog/queries/job-media.ts";
import { listJobsById } from "#catalog/queries/jobs.ts";
import { findStorageById } from "#catalog/queries/storages.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import { bootstrapText, parseBootstrap } from "#lib/bootstrap/bootstrap-text.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { RestorePlan } from "../job/run-request.ts";
import { makePlan, type NeededVolume, type RestoreMakings, type StorageOfVolume } from "../restore/plan.ts";
import { Selection } from "../restore/selection.ts";
import { requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";

/** A plan and what the operator is told of it. */
export interface MadePlan {
  readonly plan: RestorePlan;
  readonly volumes: readonly NeededVolume[];
  /** File that holds the Bootstrap. */
  readonly file: string;
  /** Client whose files they are; empty: unknown. */
  readonly client: string;
}

/** Bootstrap files that are kept; then the oldest is written over. */
const FILES_KEPT = 100;
/** Jobs of one restore. */
const JOBS_MAX = 10_000;
let filesWritten = 0;

/** What to read for a selection, written down as a Bootstrap file. Throws RESTORE_NOTHING if nothing was chosen. */
export async function planForSelection(context: CommandContext, selection: Selection): Promise<MadePlan> {
  const catalog = await context.catalog();
  const jobs = await jobsToRestore(context, catalog, selection.jobIds);
  const regions = Map.groupBy(
    await listJobRegions(
      catalog,
      jobs.map((job) => job.JobId),
    ),
    (region) => region.JobId,
  );
  const storageOf = await storagesOf(context, catalog, new Set([...regions.values()].flat().map((region) => region.StorageId)));
  const made = makePlan(
    jobs.map((job) => ({
      jobId: job.JobId,
      volSessionId: job.VolSessionId,
      volSessionTime: job.VolSessionTime,
      indexes: selection.indexesOf(job.JobId),
      files: job.JobFiles,
      regions: regions.get(job.JobId) ?? [],
    })),
    storageOf,
  );
  if (made.filesExpected === 0) throw new OperatorError("RESTORE_NOTHING", "No files selected to be restored.");
  await tellMissing(context, made);
  const client = jobs[0] === undefined ? null : await findClientById(catalog, jobs[0].ClientId);
  const { plan } = {
    plan: { bootstrap: made.bootstrap, volumes: made.volumes, filesExpected: made.filesExpected, jobIds: made.jobIds },
  };
  return { plan, volumes: made.volumes, file: await writeBootstrap(context, made), client: client?.Name ?? "" };
}

/** What to read for whole jobs. */
export async function planForJobs(context: CommandContext, jobIds: readonly number[]): Promise<MadePlan> {
  const catalog = await context.catalog();
  const selection = new Selection();
  for (const job of await jobsToRestore(context, catalog, jobIds)) selection.addWhole(job.JobId, job.JobFiles);
  return await planForSelection(context, selection);
}

/** What a Bootstrap file of the administrator says; the catalog is not asked. */
export async function planFromBootstrapFile(file: string): Promise<MadePlan> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new OperatorError("RESTORE_NOTHING", `the Bootstrap file ${file} cannot be read`, { cause });
  }
  const bootstrap = parseBootstrap(text, file);
  const storages = new Map(
    [...text.matchAll(/^\s*Storage\s*=\s*"?([^"\n]*?)"?\s*\n\s*Volume\s*=\s*"?([^"\n]*?)"?\s*$/gim)].map((match) => [
      match[2]!,
      match[1]!,
    ]),
  );
  const volumes = new Map(
    bootstrap.entries.map((entry) => [
      entry.volume,
      {
        volume: entry.volume,
        mediaType: entry.mediaType,
        storage: storages.get(entry.volume) ?? "",
        device: entry.device,
        inChanger: false,
      },
    ]),
  );
  const counts = bootstrap.entries.map((entry) => entry.count);
  const filesExpected = counts.every((count) => count > 0) ? counts.reduce((sum, count) => sum + count, 0) : 0;
  return {
    plan: { bootstrap, volumes: [...volumes.values()], filesExpected, jobIds: [] },
    volumes: [...volumes.values()],
    file,
    client: "",
  };
}

/** The jobs of these ids that may be restored, oldest first. Throws if one is not there, not allowed, or has nothing to restore. */
export async function jobsToRestore(context: CommandContext, catalog: Catalog, jobIds: readonly number[]): Promise<JobRow[]> {
  if (jobIds.length > JOBS_MAX) throw new OperatorError("VALUE_REFUSED", `more than ${JOBS_MAX} jobs in one restore`);
  const jobs = await listJobsById(catalog, jobIds);
  const missing = jobIds.find((jobId) => !jobs.some((job) => job.JobId === jobId));
  if (missing !== undefined)
    throw new OperatorError("CATALOG_ROW_UNKNOWN", `Unable to get Job record for JobId=${missing}: there is none`);
  const clients = new Map<number, string>();
  for (const job of jobs) {
    if (!["B", "C", "M", "A"].includes(job.Type)) throw new OperatorError("VALUE_REFUSED", `JobId=${job.JobId} is no backup`);
    requireAccess(context.operator, { kind: "job", name: job.Name });
    if (!clients.has(job.ClientId)) clients.set(job.ClientId, (await findClientById(catalog, job.ClientId))?.Name ?? "");
    requireAccess(context.operator, { kind: "backupClient", name: clients.get(job.ClientId)! });
  }
  return jobs;
}

async function tellMissing(context: CommandContext, made: RestoreMakings): Promise<void> {
  if (made.missing.length === 0) return;
  throw new OperatorError(
    "RESTORE_NO_BACKUP",
    `the catalog no longer knows on which Volumes JobId ${made.missing.join(",")} lies`,
    { hint: "bscan can put it back into the catalog" },
  );
}

/** Storage and device of each Volume: where it was written, or another Storage that reads its Media Type. */
async function storagesOf(
  context: CommandContext,
  catalog: Catalog,
  storageIds: ReadonlySet<number>,
): Promise<StorageOfVolume> {
  const { storages } = context.director.config();
  const known = new Map<number, { storage: string; device: string }>();
  for (const id of storageIds) {
    const name = (await findStorageById(catalog, id))?.Name ?? "";
    const resource = storages.get(name);
    known.set(
      id,
      resource === undefined ? { storage: "", device: "" } : { storage: resource.name, device: resource.device[0] ?? "" },
    );
  }
  return (id) => known.get(id) ?? { storage: "", device: "" };
}

async function writeBootstrap(context: CommandContext, made: RestoreMakings): Promise<string> {
  const { director } = context.director.config();
  filesWritten += 1;
  const file = join(director.workingDirectory, `${director.name}.restore.${((filesWritten - 1) % FILES_KEPT) + 1}.bsr`);
  const storages = new Map(made.volumes.map((volume) => [volume.volume, volume.storage]));
  try {
    await writeFile(
      file,
      bootstrapText(made.bootstrap, (volume) => storages.get(volume) ?? ""),
      { mode: 0o600 },
    );
  } catch (cause) {
    throw new OperatorError("RESTORE_NOTHING", `the Bootstrap file ${file} cannot be written`, { cause });
  }
  return file;
}
