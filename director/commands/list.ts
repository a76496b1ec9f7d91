import type { Catalog } from "#catalog/catalog.ts";
import { findClientById } from "#catalog/queries/clients.ts";
import { findJob, findJobByUniqueName } from "#catalog/queries/jobs.ts";
import { listVolumesOfJob } from "#catalog/queries/job-media.ts";
import { listRows } from "#catalog/queries/list.ts";
import type { JobFilter, ListRequest } from "#catalog/queries/list-request.ts";
import { knowsCapacities } from "#catalog/queries/media.ts";
import { listPools } from "#catalog/queries/pools.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import { showRows, type TableOptions } from "./catalog-table.ts";
import type { Command, CommandContext } from "./command.ts";
import { nextVolumeOf } from "./next-volume.ts";
import { selectJob } from "./prompts.ts";

const keywords = [
  "jobs", "jobtotals", "files", "basefiles", "jobmedia", "filemedia", "joblog", "media|volume|volumes=?", "pools|pool=?", "clients|client=?", "copies",
  "nextvol|nextvolume", "filesets", "storages|storage", "counters", "events", "objects", "restoreobjects", "snapshots|snapshot", "long",
  "jobid=?", "ujobid=", "job|jobname=?", "joberrors", "jobstatus=", "level=", "jobtype=", "type=", "days=", "hours=", "limit=", "offset=", "order=", "tag=", "fileindex=",
  "source=", "daemon=", "code=", "start=", "end=",
] as const; // prettier-ignore
const usage = `jobs [client=<name>] [jobid=<list>] [ujobid=<name>] [job=<name>] [joberrors] [jobstatus=<letter>] [level=<letter>]
  [jobtype=<letter>] [pool=<name>] [volume=<name>] [days=<n>] [hours=<n>] [limit=<n>] [offset=<n>] [order=asc|desc] |
jobtotals | files jobid=<n> [type=deleted|all] | jobmedia [jobid=<n>] [volume=<name>] | joblog jobid=<n> |
media|volumes [pool=<name>] [volume=<name>] [jobid=<n>] | pools [pool=<name>] | clients [client=<name>] | copies [jobid=<list>] |
nextvol job=<name> | basefiles jobid=<n> | filemedia jobid=<n> [fileindex=<n>] | filesets | storages | counters | events | objects |
restoreobjects jobid=<n> | snapshots; each with [limit=<n>] [offset=<n>] [long]`;

/** Rows of the catalog as a table. */
export const list: Command = {
  name: "list",
  help: "List records of the catalog",
  usage,
  keywords,
  lenient: true,
  run: (context, args) => runList(context, args, false),
};

/** Rows of the catalog, one column a line. */
export const llist: Command = {
  name: "llist",
  help: "List records of the catalog in full",
  usage,
  keywords,
  lenient: true,
  run: (context, args) => runList(context, args, true),
};

/** What is listed: the first of these words on the line. */
const subjects = [
  "jobs", "jobtotals", "files", "basefiles", "jobmedia", "filemedia", "joblog", "media", "pools", "clients", "copies", "nextvol", "filesets", "storages",
  "counters", "events", "objects", "restoreobjects", "snapshots",
] as const; // prettier-ignore
type Subject = (typeof subjects)[number];

/** Lists whose statements take `limit` and `offset` themselves: the newest rows, or what goes into a sum. */
const CHOOSE_THEMSELVES: readonly ListRequest["kind"][] = ["jobs", "jobtotals", "jobsums", "events", "copies"];

/** Lists; what was not understood is told behind it, as Bacula does. */
async function runList(context: CommandContext, args: Arguments, isLong: boolean): Promise<void> {
  if (args.unknown.length === 0 || args.names().length > 0) await listSubject(context, args, isLong);
  for (const word of args.unknown) {
    context.fail(1);
    await context.say(`Unknown list keyword: ${word}\n`);
  }
}

async function listSubject(context: CommandContext, args: Arguments, isLong: boolean): Promise<void> {
  const subject = subjectOf(args);
  const long = isLong || args.has("long");
  const catalog = await context.catalog();
  const show = (request: ListRequest, keep?: (row: Readonly<Record<string, string>>) => boolean): Promise<void> =>
    showList(
      context,
      catalog,
      { ...request, long },
      {
        vertical: isLong,
        ...optional("keep", keep),
        ...(CHOOSE_THEMSELVES.includes(request.kind)
          ? {}
          : { ...optional("limit", args.integer("limit", 1)), ...optional("offset", args.integer("offset")) }),
      },
    );
  const seesJob = (row: Readonly<Record<string, string>>): boolean =>
    mayAccess(context.operator, { kind: "job", name: row["Name"] ?? row["Job"] ?? "" });
  switch (subject) {
    case "jobs":
      return await show({ kind: "jobs", ...jobFilter(context, args) }, seesJob);
    case "jobtotals":
      await show({ kind: "jobtotals", ...jobFilter(context, args) }, seesJob);
      if (mayAccess(context.operator, { kind: "sql" })) await show({ kind: "jobsums", ...jobFilter(context, args) });
      return;
    case "files":
      return await show({ kind: "files", jobId: await oneJob(context, catalog, args), which: whichFiles(args) });
    case "joblog":
      return await show({ kind: "joblog", jobId: await oneJob(context, catalog, args, true) });
    case "basefiles":
    case "restoreobjects":
      return await show({ kind: subject, jobId: await oneJob(context, catalog, args) });
    case "filemedia":
      return await show({
        kind: "filemedia",
        jobId: await oneJob(context, catalog, args),
        ...optional("fileIndex", args.integer("fileindex", 1)),
      });
    case "jobmedia":
      return await listJobMedia(context, catalog, args, show);
    case "media":
      return await listVolumes(context, catalog, args, show);
    case "pools":
      return await show({ kind: "pools", ...optional("name", args.value("pools")) }, (row) =>
        mayAccess(context.operator, { kind: "pool", name: row["Name"]! }),
      );
    case "clients":
      return await show({ kind: "clients", ...optional("name", args.value("clients")) }, (row) =>
        mayAccess(context.operator, { kind: "client", name: row["Name"]! }),
      );
    case "nextvol":
      return await nextVolume(context, catalog, args);
    case "events":
      requireAccess(context.operator, { kind: "sql" });
      return await show({ kind: "events", ...eventFilter(context, args) });
    case "copies":
      requireAccess(context.operator, { kind: "sql" });
      return await show({ kind: "copies", jobIds: args.jobIds(), ...optional("limit", args.integer("limit", 1)) });
    case "objects":
      requireAccess(context.operator, { kind: "sql" });
      return await show({ kind: "objects", ...optional("jobId", args.integer("jobid", 1)) });
    case "filesets":
    case "storages":
    case "counters":
    case "snapshots":
      requireAccess(context.operator, { kind: "sql" });
      return await show({ kind: subject });
  }
}

/** `list volumes pool=x` lists volumes, `list jobs volume=x` jobs: words without value say what is listed, and come first. */
function subjectOf(args: Arguments): Subject {
  const names = args.names();
  const first = names.find((name) => name !== "long");
  if (first === "job" && args.value("job") === undefined) return "jobs";
  const plain = names.find(
    (name) => (subjects as readonly string[]).includes(name) && (args.value(name) === undefined || args.value(name) === ""),
  );
  if (plain !== undefined) return plain as Subject;
  if (
    names.some((name) =>
      ["jobid", "ujobid", "job", "joberrors", "jobstatus", "level", "jobtype", "days", "hours"].includes(name),
    )
  )
    return "jobs";
  const valued = names.find((name) => ["media", "pools", "clients"].includes(name));
  if (valued !== undefined) return valued as Subject;
  throw new OperatorError("KEYWORD_VALUE", "list: say what to list", {
    hint: "e.g. list jobs, list volumes, list pools; help list tells all",
  });
}

async function showList(
  context: CommandContext,
  catalog: Catalog,
  request: ListRequest,
  shown: Omit<TableOptions, "name">,
): Promise<void> {
  const rows = await listRows(catalog, request, context.signal);
  await showRows(context, rows, { name: request.kind, ...shown });
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function orderOf(args: Arguments): "asc" | "desc" | undefined {
  const order = args.value("order")?.toLowerCase();
  if (order === undefined || order === "asc" || order === "desc") return order;
  throw new OperatorError("KEYWORD_VALUE", `order=${order} is neither asc nor desc`);
}

function sinceOf(context: CommandContext, args: Arguments): string | undefined {
  const days = args.integer("days");
  const hours = args.integer("hours");
  if (days === undefined && hours === undefined) return undefined;
  return catalogTime(context.director.now() - ((days ?? 0) * 24 + (hours ?? 0)) * 3_600_000);
}

function jobFilter(context: CommandContext, args: Arguments): JobFilter {
  const ids = args.jobIds();
  return {
    ...(ids.length > 0 ? { jobIds: ids } : {}),
    ...optional("uniqueName", args.value("ujobid")),
    ...optional("name", args.value("job")),
    ...optional("client", args.value("clients")),
    ...optional("jobStatus", args.value("jobstatus")),
    ...(args.has("joberrors") ? { hasErrors: true } : {}),
    ...optional("level", levelLetter(args.value("level"))),
    ...optional("type", args.value("jobtype") ?? args.value("type")),
    ...optional("pool", args.value("pools")),
    ...optional("volume", args.value("media")),
    ...optional("tag", args.value("tag")),
    ...optional("since", sinceOf(context, args)),
    ...optional("limit", args.integer("limit", 1)),
    ...optional("offset", args.integer("offset")),
    ...optional("order", orderOf(args)),
  };
}

function levelLetter(level: string | undefined): string | undefined {
  const letters: Readonly<Record<string, string>> = { full: "F", incremental: "I", differential: "D" };
  return level === undefined ? undefined : (letters[level.toLowerCase()] ?? level);
}

function eventFilter(context: CommandContext, args: Arguments): Omit<Extract<ListRequest, { kind: "events" }>, "kind"> {
  return {
    ...optional("type", args.value("type")),
    ...optional("source", args.value("source")),
    ...optional("daemon", args.value("daemon")),
    ...optional("code", args.value("code")),
    ...optional("since", args.value("start") ?? sinceOf(context, args)),
    ...optional("until", args.value("end")),
    ...optional("limit", args.integer("limit", 1)),
    ...optional("offset", args.integer("offset")),
    ...optional("order", orderOf(args)),
  };
}

function whichFiles(args: Arguments): "saved" | "deleted" | "all" {
  const type = args.value("type") ?? "saved";
  if (type === "saved" || type === "deleted" || type === "all") return type;
  throw new OperatorError("KEYWORD_VALUE", `type=${type} is neither deleted nor all`);
}

/** The one job that `jobid=` or `ujobid=` names, which the operator may see. `orNone`: or 0, for what belongs to no job. */
async function oneJob(context: CommandContext, catalog: Catalog, args: Arguments, orNone = false): Promise<number> {
  if (orNone && args.value("jobid") === "0") {
    requireAccess(context.operator, { kind: "sql" });
    return 0;
  }
  const unique = args.value("ujobid");
  const [jobId] = args.jobIds();
  if (jobId === undefined && unique === undefined) throw new OperatorError("KEYWORD_VALUE", "jobid=<n> is needed");
  const row = unique === undefined ? await findJob(catalog, jobId!) : await findJobByUniqueName(catalog, unique);
  if (row === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `there is no job ${unique ?? `JobId=${jobId}`}`);
  requireAccess(context.operator, { kind: "job", name: row.Name });
  const client = context.operator.kind === "root" ? null : await findClientById(catalog, row.ClientId);
  if (client !== null) requireAccess(context.operator, { kind: "client", name: client.Name });
  return row.JobId;
}

type Show = (request: ListRequest) => Promise<void>;

async function listJobMedia(context: CommandContext, catalog: Catalog, args: Arguments, show: Show): Promise<void> {
  if (args.has("jobid") || args.has("ujobid"))
    return await show({ kind: "jobmedia", jobId: await oneJob(context, catalog, args) });
  requireAccess(context.operator, { kind: "sql" });
  await show({ kind: "jobmedia", ...optional("volume", args.value("media")) });
}

/** Volumes of one pool, of one job, or one by name; else pool by pool. */
async function listVolumes(context: CommandContext, catalog: Catalog, args: Arguments, show: Show): Promise<void> {
  const now = catalogTime(context.director.now());
  const withCapacity = await knowsCapacities(catalog);
  if (args.has("jobid") || args.has("ujobid")) {
    const jobId = await oneJob(context, catalog, args);
    const names = (await listVolumesOfJob(catalog, jobId)).map((volume) => volume.VolumeName);
    return await context.say(`Jobid ${jobId} used ${names.length} Volume(s): ${names.join("|")}\n`);
  }
  const volume = args.value("media");
  if (volume !== undefined && volume !== "") {
    if (context.operator.kind !== "root") requireAccess(context.operator, { kind: "sql" });
    return await show({ kind: "media", volume, now, withCapacity });
  }
  const wanted = args.value("pools");
  if (wanted !== undefined) {
    requireAccess(context.operator, { kind: "pool", name: wanted });
    return await show({ kind: "media", pool: wanted, now, withCapacity });
  }
  for (const pool of await listPools(catalog)) {
    if (!mayAccess(context.operator, { kind: "pool", name: pool.Name })) continue;
    if (context.settings.api === 0) await context.say(`Pool: ${pool.Name}\n`);
    await show({ kind: "media", pool: pool.Name, now, withCapacity });
  }
}

async function nextVolume(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const job = await selectJob(context, args);
  const next = await nextVolumeOf(context, catalog, { job: job.name });
  if (next.volume === "")
    return await context.say(`Could not find next Volume for Job ${job.name} (Pool=${next.pool}, Level=${next.level}).\n`);
  await context.say(
    `The next Volume to be used by Job "${job.name}" (Pool=${next.pool}, Level=${next.level}) will be ${next.volume}\n`,
  );
}
