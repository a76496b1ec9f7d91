import type { Catalog } from "#catalog/catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { deleteClient, deleteJob, deletePool, deleteVolume, listJobIdsOfClient } from "#catalog/queries/delete.ts";
import { listJobIdsOfVolume, listVolumesOfJob } from "#catalog/queries/job-media.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { findMedia } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { parseJobIds, type Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { counted } from "./format.ts";
import { requireEnded, tellUpgraded } from "./purge.ts";
import { askText, askYesNo, chooseOne } from "./prompts.ts";
import { requireNoneOnPrecious, requireNotPrecious, withhold } from "./retention-parts.ts";
import { selectCatalogPool, selectVolume } from "./select-rows.ts";

/** Deletes records of the catalog. */
export const deleteCommand: Command = {
  name: "delete",
  help: "Delete a Volume, Pool, Job or Client from the catalog",
  usage: "volume=<name> | pool=<name> | jobid=<list> | client=<name> [yes]",
  keywords: ["volume|media=?", "pool=?", "jobid|job=?", "client=?", "yes"],
  async run(context, args) {
    const catalog = await context.catalog();
    const kind = args.names().find((name) => name !== "yes") ?? (await askKind(context));
    if (kind === "volume") await removeVolume(context, catalog, args);
    else if (kind === "pool") await removePool(context, catalog, args);
    else if (kind === "jobid") await removeJobs(context, catalog, args);
    else await removeClient(context, catalog, args);
  },
};

async function askKind(context: CommandContext): Promise<"volume" | "pool" | "jobid" | "client"> {
  await context.say("Deleting a Pool or a Volume loses what the catalog knows of the data on it.\n\n");
  const kinds = ["volume", "pool", "jobid", "client"] as const;
  const at = await chooseOne(context, {
    title: "You have the following choices:",
    prompt: "Choose catalog item to delete",
    choices: kinds,
  });
  return kinds[at]!;
}

async function removeVolume(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const media = await selectVolume(context, catalog, args.value("volume"));
  const name = media.VolumeName;
  await requireNotPrecious(catalog, media, "deleted");
  await context.say(`\nThis command will delete volume ${name}\nand all Jobs saved on that volume from the Catalog\n`);
  if (!args.has("yes") && !(await askYesNo(context, `Are you sure you want to delete Volume "${name}"? (yes/no): `))) return;
  using _held = withhold(context, catalog, name, "deleted");
  using _turn = await context.director.retention(catalog).turn.acquire(context.signal);
  const current = await findMedia(catalog, name);
  if (current === null) return;
  await requireNotPrecious(catalog, current, "deleted");
  const onVolume = await listJobIdsOfVolume(catalog, current.MediaId);
  for (const jobId of onVolume) requireEnded(context, jobId);
  await requireNoneOnPrecious(catalog, onVolume, "deleted");
  const { jobs, upgraded } = await deleteVolume(catalog, current);
  context.director.jobsDeleted();
  context.director.engine.mediaChanged();
  await context.say(`Volume "${name}" and ${counted(jobs, "Job")} deleted from the catalog.\n`);
  await tellUpgraded(context, upgraded);
}

async function removePool(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const wanted = args.value("pool");
  const pool = wanted === undefined ? await selectCatalogPool(context, catalog) : await findPool(catalog, wanted);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${wanted}"`);
  requireAccess(context.operator, { kind: "pool", name: pool.Name });
  if (!args.has("yes") && !(await askYesNo(context, `Are you sure you want to delete Pool "${pool.Name}"? (yes/no): `))) return;
  await deletePool(catalog, pool.PoolId);
  await context.say(`Pool "${pool.Name}" deleted from the catalog.\n`);
}

async function removeJobs(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const ids = args.jobIds();
  const chosen = ids.length > 0 ? ids : await askJobIds(context);
  for (const jobId of chosen) {
    context.signal.throwIfAborted();
    await removeJob(context, catalog, jobId);
  }
}

async function askJobIds(context: CommandContext): Promise<number[]> {
  return parseJobIds(await askText(context, "Enter JobId to delete: "));
}

async function removeJob(context: CommandContext, catalog: Catalog, jobId: number): Promise<void> {
  const job = await findJob(catalog, jobId);
  if (job === null) {
    context.fail(1);
    return await context.say(`JobId=${jobId} is not in the catalog.\n`);
  }
  requireAccess(context.operator, { kind: "job", name: job.Name });
  requireEnded(context, jobId);
  for (const media of await listVolumesOfJob(catalog, jobId)) await requireNotPrecious(catalog, media, "robbed of its jobs");
  const upgraded = await deleteJob(catalog, jobId);
  context.director.jobsDeleted();
  await context.say(`JobId=${jobId} and associated records deleted from the catalog.\n`);
  await tellUpgraded(context, upgraded);
}

async function removeClient(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const name = args.value("client") ?? (await askText(context, "Enter name of Client to delete: "));
  requireAccess(context.operator, { kind: "client", name });
  const client = await findClient(catalog, name);
  if (client === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Client "${name}"`);
  if (
    !args.has("yes") &&
    !(await askYesNo(context, `Are you sure you want to delete Client "${name}" and all its jobs? (yes/no): `))
  )
    return;
  using _turn = await context.director.retention(catalog).turn.acquire(context.signal);
  const jobIds = await listJobIdsOfClient(catalog, client.ClientId);
  for (const jobId of jobIds) requireEnded(context, jobId);
  await requireNoneOnPrecious(catalog, jobIds, "deleted");
  const jobs = await deleteClient(catalog, client.ClientId);
  context.director.jobsDeleted();
  await context.say(`Client "${name}" and ${counted(jobs, "Job")} deleted from the catalog.\n`);
}
