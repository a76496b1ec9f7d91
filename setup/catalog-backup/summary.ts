import { readFile, writeFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Catalog } from "#catalog/catalog.ts";
import type { CatalogOptions } from "#catalog/database/backend.ts";
import { findClientById } from "#catalog/queries/clients.ts";
import { listJobRegions } from "#catalog/queries/job-media.ts";
import { findJob, type findJobByUniqueName } from "#catalog/queries/jobs.ts";
import { findStorageById } from "#catalog/queries/storages.ts";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";

type Job = NonNullable<Awaited<ReturnType<typeof findJobByUniqueName>>>;

/** What a summary is about. */
export interface SummaryFacts {
  /** Name of the Director. */
  readonly director: string;
  /** Its configuration file. */
  readonly configFile: string;
  readonly catalogName: string;
  readonly options: CatalogOptions;
  /** The dump that the job saved. */
  readonly dump: string;
  readonly jobId: number;
  /** Bootstrap file that the job wrote. */
  readonly bootstrap: string;
}

/**
 * Text of the summary: a bootstrap file whose comments say what an administrator must know who has nothing else. CATALOG_NO_JOB if the job is
 * not in the catalog.
 */
export async function summaryText(facts: SummaryFacts): Promise<string> {
  await using catalog = await Catalog.open(facts.options);
  const job = await findJob(catalog, facts.jobId);
  if (job === null) throw new OperatorError("CATALOG_NO_JOB", `the catalog has no job ${facts.jobId}`);
  const client = await findClientById(catalog, job.ClientId);
  const bootstrap = await readFile(facts.bootstrap, "utf8").catch((cause: unknown) => {
    throw new OperatorError("BOOTSTRAP_INVALID", `the job's bootstrap file ${facts.bootstrap} cannot be read`, { cause });
  });
  const places: string[] = [];
  for (const region of await listJobRegions(catalog, [job.JobId])) {
    const storage = region.StorageId === 0 ? null : await findStorageById(catalog, region.StorageId);
    const start = region.StartFile * 2 ** 32 + region.StartBlock;
    const end = region.EndFile * 2 ** 32 + region.EndBlock;
    places.push(
      `#   Volume "${region.VolumeName}", Media Type ${region.MediaType}${storage === null ? "" : `, Storage ${storage.Name}`}, addresses ${start}-${end}, files ${region.FirstIndex}-${region.LastIndex}`,
    );
  }
  return [...comments(facts, job, client?.Name ?? ""), ...places, "#", ...steps(facts), "", bootstrap.trimEnd(), ""].join("\n");
}

function comments(facts: SummaryFacts, job: Job, client: string): string[] {
  const { options } = facts;
  const database =
    options.driver === "sqlite"
      ? `SQLite, ${options.file}`
      : `MySQL, database ${options.name} at ${options.socket ?? options.addresses?.join(", ") ?? "localhost"}`;
  return [
    `# Summary of Director ${facts.director}, ${catalogTime(Date.now())}: what brings its catalog and its configuration back.`,
    "# Keep it on another machine. It is a bootstrap file: bextract, bls and the restore command take it as it is.",
    "#",
    `# Configuration: ${dirname(facts.configFile)}`,
    `# Catalog: ${facts.catalogName} (${database})`,
    `# Its dump: ${facts.dump}`,
    `# Job: JobId ${job.JobId}, ${job.Job}, client ${client}, ended ${job.EndTime ?? ""} with status ${job.JobStatus}, ${job.JobFiles} files, ${job.JobBytes} bytes`,
    `# Session: VolSessionId ${job.VolSessionId}, VolSessionTime ${job.VolSessionTime}`,
    "# Lies on:",
  ];
}

/** The way back, as docs/operations/disaster-recovery.md has it. */
function steps({ configFile, dump }: SummaryFacts): string[] {
  const folder = dirname(configFile);
  return [
    "# The way back, on a machine with the programs and the Volumes (in /volumes, say):",
    "#   bextract -b THIS-FILE /volumes /",
    `#   nocturne catalog load ${dump} -c ${configFile}`,
    `#   bscan -s -m -c ${folder}/bacula-sd.conf -C ${configFile} -V 'VOLUMES WRITTEN SINCE' DEVICE`,
    `#   nocturne start -c ${folder}`,
    `#   bconsole -c ${folder}/bconsole.conf     (restore)`,
  ];
}

/** Writes a summary whole, readable by all who may read its folder: it holds no secrets. */
export async function writeSummary(text: string, path: string): Promise<void> {
  makeDirectory(dirname(path), 0o700);
  const fresh = `${path}.new`;
  try {
    await writeFile(fresh, text, { mode: 0o644, flush: true });
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
