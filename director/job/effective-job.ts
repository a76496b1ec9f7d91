import type { MessagesResource } from "#lib/config/message-routes.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CatalogResource } from "#director/config/catalog.ts";
import type { ClientResource } from "#director/config/client.ts";
import type { FileSetResource } from "#director/config/file-set.ts";
import type { DirectorConfig } from "#director/config/load.ts";
import type { JobLevel, JobResource, JobType } from "#director/config/job.ts";
import { poolFault } from "#director/config/pool-rules.ts";
import type { PoolResource } from "#director/config/pool.ts";
import type { StorageResource } from "#director/config/storage.ts";
import { relocationRules } from "../restore/relocation.ts";
import type { BackupLevel, RestoreOptions, RunOrigin, RunRequest } from "./run-request.ts";

/** Types that this release runs, by JobType letter. */
export type RunnableType = "B" | "R" | "D";

/** A resource and the words that reports print about where it came from. */
export interface Chosen<Resource> {
  readonly resource: Resource;
  readonly from: string;
}

/** The Job resource, its overrides and everything they name: what a job keeps from its submission to its end. */
export interface EffectiveJob {
  readonly request: RunRequest;
  readonly origin: RunOrigin;
  readonly job: JobResource;
  readonly type: RunnableType;
  /** Level asked for; blank for Restore and Admin. */
  readonly level: BackupLevel | " ";
  readonly client: ClientResource;
  readonly fileset: FileSetResource;
  /** Pool unless the level has one of its own; see `poolOfLevel`. */
  readonly pool: Chosen<PoolResource>;
  readonly levelPools: Readonly<Partial<Record<BackupLevel, Chosen<PoolResource>>>>;
  readonly storage: Chosen<StorageResource>;
  /** Restore: Storages that are read after `storage`, in the order of the plan. */
  readonly furtherStorages: readonly StorageResource[];
  readonly catalog: Chosen<CatalogResource>;
  readonly messages: MessagesResource;
  readonly priority: number;
  readonly isAccurate: boolean;
  readonly spoolData: boolean;
  /** Unix milliseconds; 0: at once. */
  readonly notBeforeMs: number;
  readonly comment: string;
  readonly restore:
    | (RestoreOptions & { readonly where: string; readonly replace: NonNullable<RestoreOptions["replace"]> })
    | null;
}

const TYPES: Readonly<Record<JobType, RunnableType | null>> = {
  Backup: "B",
  Restore: "R",
  Admin: "D",
  Verify: null,
  Migrate: null,
  Copy: null,
};
const LEVELS: Partial<Readonly<Record<JobLevel, BackupLevel>>> = { Full: "F", Differential: "D", Incremental: "I" };

/** Looks up everything a wish names. Throws OperatorError if a name is unknown, disabled, or the type or level cannot be run. */
export function effectiveJob(request: RunRequest, config: DirectorConfig): EffectiveJob {
  const job = must(config.jobs, "Job", request.job);
  if (!job.enabled) throw new OperatorError("JOB_DISABLED", `Job "${job.name}" is disabled`, { hint: "set Enabled = yes" });
  const type = runnableType(job);
  const client = clientOf(request, job, config);
  const pool =
    request.pool === undefined
      ? { resource: job.pool, from: "Job resource" }
      : { resource: must(config.pools, "Pool", request.pool), from: overrideWord(request, "Pool") };
  const storage = storageOf(request, job, pool.resource, config);
  return {
    request,
    origin: request.origin,
    job,
    type,
    level: levelOf(request, job, type),
    client,
    fileset: request.fileset === undefined ? job.fileSet : must(config.fileSets, "FileSet", request.fileset),
    pool,
    levelPools: levelPoolsOf(request, job, config),
    storage,
    furtherStorages: furtherStoragesOf(request, storage.resource, config),
    catalog: catalogOf(request, client, pool.resource, config),
    messages: request.messages === undefined ? job.messages : must(config.messages, "Messages", request.messages),
    priority: request.priority ?? job.priority,
    isAccurate: request.accurate ?? job.accurate,
    spoolData: request.spoolData ?? job.spoolData,
    notBeforeMs: request.whenMs ?? 0,
    comment: request.comment ?? "",
    restore: restoreOf(request, job),
  };
}

/** The Pool for the level that is run in the end: an override, the Job's Pool for that level, or the Job's Pool. */
export function poolOfLevel(effective: EffectiveJob, level: string): Chosen<PoolResource> {
  const own = effective.levelPools[level as BackupLevel];
  return own !== undefined && effective.request.pool === undefined ? own : effective.pool;
}

/** The Storage for the Pool that is used in the end: a Pool for the level may have its own. */
export function storageOfPool(effective: EffectiveJob, pool: PoolResource): Chosen<StorageResource> {
  const own = firstEnabled(pool.storage);
  const isFixed = effective.request.storage !== undefined || effective.job.storage.length > 0;
  return isFixed || own === undefined ? effective.storage : { resource: own, from: "Pool resource" };
}

/**
 * The Storages of which any will do for a save to this Pool, in the order in which they are written; the first is that of
 * `storageOfPool`. One alone where the operator or the Schedule names it, and for what reads.
 */
export function storageChoices(effective: EffectiveJob, pool: PoolResource): readonly Chosen<StorageResource>[] {
  const first = storageOfPool(effective, pool);
  const { job, request } = effective;
  if (effective.type !== "B" || request.storage !== undefined) return [first];
  const group = job.storage.length > 0 ? job.storage : pool.storage.length > 0 ? pool.storage : effective.pool.resource.storage;
  const { client, fileset } = effective;
  const use = { job: job.name, client: client.name, fileSet: fileset.name, level: undefined };
  const usable = group.filter((storage) => storage.enabled && poolFault(pool, { ...use, storage }) === undefined);
  return usable.length === 0 ? [first] : usable.map((resource) => ({ resource, from: first.from }));
}

/** Whether the least used of several Storages is taken, and not the first: as the Job says, or the Pool. */
export function prefersLeastUsed(effective: EffectiveJob, pool: PoolResource): boolean {
  return (effective.job.storageGroupPolicy ?? pool.storageGroupPolicy) === "LeastUsed";
}

function runnableType(job: JobResource): RunnableType {
  const type = TYPES[job.type];
  if (type !== null) return type;
  throw new OperatorError(
    "JOB_TYPE_UNSUPPORTED",
    `Job "${job.name}": jobs of type ${job.type} are not supported in this release`,
  );
}

function levelOf(request: RunRequest, job: JobResource, type: RunnableType): BackupLevel | " " {
  if (type !== "B") return " ";
  if (request.level !== undefined) return request.level;
  return job.level === undefined ? "F" : letterOfLevel(job.name, job.level);
}

/** Letter of a level of the configuration. Throws OperatorError for a level that this release does not run. */
export function letterOfLevel(job: string, level: JobLevel): BackupLevel {
  const letter = LEVELS[level];
  if (letter !== undefined) return letter;
  throw new OperatorError("JOB_TYPE_UNSUPPORTED", `Job "${job}": level ${level} is not supported in this release`, {
    hint: "use Full, Differential or Incremental",
  });
}

function levelPoolsOf(request: RunRequest, job: JobResource, config: DirectorConfig): EffectiveJob["levelPools"] {
  const choose = (asked: string | undefined, own: PoolResource | undefined, word: string): Chosen<PoolResource> | undefined => {
    if (asked !== undefined) return { resource: must(config.pools, "Pool", asked), from: `Run ${word} override` };
    return own === undefined ? undefined : { resource: own, from: `Job ${word} override` };
  };
  const pools = {
    F: choose(request.fullPool, job.fullBackupPool, "FullPool"),
    D: choose(request.differentialPool, job.differentialBackupPool, "DiffPool"),
    I: choose(request.incrementalPool, job.incrementalBackupPool, "IncPool"),
  };
  return Object.fromEntries(Object.entries(pools).filter(([, pool]) => pool !== undefined));
}

function overrideWord(request: RunRequest, what: string): string {
  return request.origin.kind === "schedule" ? `Run ${what} override` : "User input";
}

function clientOf(request: RunRequest, job: JobResource, config: DirectorConfig): ClientResource {
  const name = request.restore?.restoreClient ?? request.client ?? (job.type === "Restore" ? job.restoreClient : undefined);
  const client = name === undefined ? job.client : must(config.clients, "Client", name);
  if (!client.enabled)
    throw new OperatorError("JOB_DISABLED", `Client "${client.name}" is disabled`, { hint: "set Enabled = yes" });
  return client;
}

function storageOf(request: RunRequest, job: JobResource, pool: PoolResource, config: DirectorConfig): Chosen<StorageResource> {
  const planned = request.restore?.plan.volumes.find((volume) => volume.storage !== "")?.storage;
  const chosen = chooseStorage(request.storage ?? planned, overrideWord(request, "Storage"), job, pool, config);
  if (!chosen.resource.enabled)
    throw new OperatorError("JOB_DISABLED", `Storage "${chosen.resource.name}" is disabled`, { hint: "set Enabled = yes" });
  return chosen;
}

/** A Storage that is asked for reads everything; else each Volume is read where it was written. */
function furtherStoragesOf(request: RunRequest, first: StorageResource, config: DirectorConfig): readonly StorageResource[] {
  if (request.storage !== undefined) return [];
  const names = new Set(request.restore?.plan.volumes.map((volume) => volume.storage));
  names.delete(first.name);
  return [...names].map((name) => config.storages.get(name)).filter((storage) => storage !== undefined);
}

/** The first Storage of a list that is not disabled; where all are, the first. */
function firstEnabled(storages: readonly StorageResource[]): StorageResource | undefined {
  return storages.find((storage) => storage.enabled) ?? storages[0];
}

function chooseStorage(
  asked: string | undefined,
  from: string,
  job: JobResource,
  pool: PoolResource,
  config: DirectorConfig,
): Chosen<StorageResource> {
  if (asked !== undefined) return { resource: must(config.storages, "Storage", asked), from };
  const ofJob = firstEnabled(job.storage);
  if (ofJob !== undefined) return { resource: ofJob, from: "Job resource" };
  const ofPool = firstEnabled(pool.storage);
  if (ofPool !== undefined) return { resource: ofPool, from: "Pool resource" };
  throw new OperatorError(
    "JOB_INCOMPLETE_RESOURCES",
    `Job "${job.name}" names no Storage, and neither does Pool "${pool.name}"`,
    {
      hint: "add Storage to the Job or to the Pool",
    },
  );
}

function catalogOf(
  request: RunRequest,
  client: ClientResource,
  pool: PoolResource,
  config: DirectorConfig,
): Chosen<CatalogResource> {
  if (request.catalog !== undefined) return { resource: must(config.catalogs, "Catalog", request.catalog), from: "User input" };
  if (pool.catalog !== undefined) return { resource: pool.catalog, from: "Pool resource" };
  return { resource: client.catalog, from: "Client resource" };
}

function restoreOf(request: RunRequest, job: JobResource): EffectiveJob["restore"] {
  if (job.type !== "Restore") return null;
  if (request.restore === undefined) {
    throw new OperatorError("JOB_INCOMPLETE_RESOURCES", `Job "${job.name}" restores, but nothing says what`, {
      hint: "use the restore command",
    });
  }
  const { where, replace } = request.restore;
  // A place that the operator names replaces the Job's, its rules included.
  const ownRules = where === undefined ? (job.regexWhere ?? relocationRules(job)) : "";
  const regexWhere = request.restore.regexWhere ?? ownRules;
  return {
    ...request.restore,
    regexWhere,
    where: where ?? job.where ?? "",
    replace: replace ?? (job.replace.toLowerCase() as NonNullable<RestoreOptions["replace"]>),
  };
}

function must<Resource>(resources: ReadonlyMap<string, Resource>, type: string, name: string): Resource {
  const found = resources.get(name);
  if (found !== undefined) return found;
  throw new OperatorError("JOB_UNKNOWN_RESOURCE", `there is no ${type} "${name}"`, {
    hint: `type: show ${type.toLowerCase()}s`,
  });
}
