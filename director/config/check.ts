import type { ProblemList } from "#lib/config/problem.ts";
import { checkAddresses, checkStatistics, checkTls, requireOne, requireSome } from "#lib/config/requirements.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import type { ClientResource } from "./client.ts";
import type { DirectorResource } from "./director.ts";
import type { JobLevel, JobResource, JobType } from "./job.ts";
import { forbidsCreation, isSimpleFormat, labelFormatFault } from "../media/label-format.ts";
import { jobPoolFaults } from "./pool-rules.ts";
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
  for (const job of resources.of<JobResource>("Job").values()) {
    checkJob(job, problems);
    if (isComplete(job)) checkJobPools(job, problems);
  }
  for (const client of resources.of<ClientResource>("Client").values()) checkClient(client, problems);
  for (const storage of resources.of<StorageResource>("Storage").values()) checkTls(storage, problems);
  const known = {
    counters: new Set(resources.of("Counter").keys()),
    environment: new Set(Object.keys(process.env)),
  };
  for (const pool of resources.of<PoolResource>("Pool").values()) checkPool(pool, known, problems);
  for (const statistics of resources.of<StatisticsResource>("Statistics").values()) checkStatistics(statistics, problems);
}

/** A Job that lacks a resource it must name is reported for that; nothing more can be said of it. */
function isComplete(job: Partial<JobResource>): boolean {
  return job.pool !== undefined && job.client !== undefined && job.fileSet !== undefined;
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

/** What a Pool does not take is known here already where neither run nor schedule changes it. A disabled Pool may be enabled by then. */
function checkJobPools(job: JobResource, problems: ProblemList): void {
  const { at } = job.origin;
  const resource = `Job "${job.name}"`;
  for (const { directive, fault } of jobPoolFaults(job))
    problems.add({ severity: "error", at, resource, directive, message: fault });
  const { mediaType } = job.pool;
  const storage = job.storage[0] ?? job.pool.storage[0];
  if (job.type === "Backup" && mediaType !== undefined && storage !== undefined && storage.mediaType !== mediaType) {
    problems.add({
      severity: "warning",
      at,
      resource,
      directive: "Pool",
      message: `Pool "${job.pool.name}" takes Media Type "${mediaType}" only, but Storage "${storage.name}" has "${storage.mediaType}": no Volume will be found`,
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

function checkPool(pool: PoolResource, known: Parameters<typeof labelFormatFault>[1], problems: ProblemList): void {
  const tell = (severity: "error" | "warning", directive: string, message: string) => {
    problems.add({ severity, at: pool.origin.at, resource: `Pool "${pool.name}"`, directive, message });
  };
  if (pool.nextPool?.name === "Scratch") tell("error", "NextPool", "the Scratch Pool cannot be a NextPool");
  const format = pool.labelFormat ?? "";
  if (!forbidsCreation(format) && !isSimpleFormat(format)) {
    const fault = labelFormatFault(format, known);
    if (fault !== undefined) tell("error", "LabelFormat", fault);
  }
  if (pool.scratchPool === pool) tell("error", "ScratchPool", "a Pool cannot be its own scratch pool");
}
