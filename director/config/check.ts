import type { ProblemList } from "#lib/config/problem.ts";
import { checkAddresses, checkStatistics, checkTls, requireOne, requireSome } from "#lib/config/requirements.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import type { ClientResource } from "./client.ts";
import type { DirectorResource } from "./director.ts";
import type { JobLevel, JobResource, JobType } from "./job.ts";
import type { PoolResource } from "./pool.ts";
import type { StorageResource } from "./storage.ts";
import type { StatisticsResource } from "#lib/config/statistics-resource.ts";

const VERIFY_LEVELS: readonly JobLevel[] = ["InitCatalog", "Catalog", "VolumeToCatalog", "DiskToCatalog", "Data"];
const COPY_LEVELS: readonly JobLevel[] = ["Full", "Incremental", "Differential"];

/** Rules that concern several directives or resources of the Director. */
export function checkDirector(resources: ResourceSet, problems: ProblemList): void {
  requireOne(resources, "Director", problems);
  requireSome(resources, "Messages", problems);
  requireSome(resources, "Catalog", problems);
  for (const director of resources.of<DirectorResource>("Director").values()) {
    checkAddresses(director, { address: "dirAddress", addresses: "dirAddresses" }, problems);
    checkTls(director, problems);
  }
  for (const job of resources.of<JobResource>("Job").values()) checkJob(job, problems);
  for (const client of resources.of<ClientResource>("Client").values()) checkClient(client, problems);
  for (const storage of resources.of<StorageResource>("Storage").values()) checkTls(storage, problems);
  for (const pool of resources.of<PoolResource>("Pool").values()) checkPool(pool, problems);
  for (const statistics of resources.of<StatisticsResource>("Statistics").values()) checkStatistics(statistics, problems);
}

function checkJob(job: JobResource, problems: ProblemList): void {
  const { at, written } = job.origin;
  const resource = `Job "${job.name}"`;
  if (job.type !== "Admin" && job.storage.length === 0 && job.pool.storage.length === 0) {
    problems.add({
      severity: "error",
      at,
      resource,
      directive: "Storage",
      message: `neither the Job nor its Pool "${job.pool.name}" names a Storage`,
    });
  }
  if (job.pool.name === "Scratch")
    problems.add({
      severity: "error",
      at,
      resource,
      directive: "Pool",
      message: "the Scratch Pool cannot be written to by a Job",
    });
  if (job.nextPool?.name === "Scratch")
    problems.add({ severity: "error", at, resource, directive: "NextPool", message: "the Scratch Pool cannot be a NextPool" });
  if (job.level !== undefined && written.has("level") && !levelFits(job.type, job.level)) {
    problems.add({
      severity: "warning",
      at,
      resource,
      directive: "Level",
      message: `${job.level} is not a level of ${job.type} jobs`,
    });
  }
}

function levelFits(type: JobType, level: JobLevel): boolean {
  if (type === "Verify") return VERIFY_LEVELS.includes(level);
  if (type === "Copy" || type === "Migrate") return COPY_LEVELS.includes(level);
  return type !== "Backup" || !VERIFY_LEVELS.includes(level);
}

function checkClient(client: ClientResource, problems: ProblemList): void {
  checkTls(client, problems);
  if (client.address !== undefined || client.allowFdConnections) return;
  const message = "it is required, but not found";
  problems.add({
    severity: "error",
    at: client.origin.at,
    resource: `Client "${client.name}"`,
    directive: "Address",
    message,
    hint: "or set AllowFDConnections = yes",
  });
}

function checkPool(pool: PoolResource, problems: ProblemList): void {
  if (pool.nextPool?.name !== "Scratch") return;
  problems.add({
    severity: "error",
    at: pool.origin.at,
    resource: `Pool "${pool.name}"`,
    directive: "NextPool",
    message: "the Scratch Pool cannot be a NextPool",
  });
}
