import type { Catalog } from "#catalog/catalog.ts";
import { findClientById } from "#catalog/queries/clients.ts";
import { hasFileRows } from "#catalog/queries/restore.ts";
import { countSubtree, listDirectory, walkSubtree } from "#catalog/queries/tree.ts";
import type { ClientRow } from "#catalog/schema/client.ts";
import type { JobRow } from "#catalog/schema/job.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobResource } from "../config/job.ts";
import { RestoreTree, type TreeSource } from "../restore/tree.ts";
import { relocationRules } from "../restore/relocation.ts";
import { Selection } from "../restore/selection.ts";
import { runTreeShell } from "../restore/tree-shell.ts";
import type { Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { commas, counted } from "./format.ts";
import { askYesNo, selectJob } from "./prompts.ts";
import { runRestoreMenu } from "./restore-menu.ts";
import { jobsToRestore, planForJobs, planForSelection, planFromBootstrapFile, type MadePlan } from "./restore-plan.ts";
import {
  addDirectory,
  addFile,
  catalogTimeOf,
  findChain,
  namesOf,
  selectBackupClient,
  type RestoreWish,
} from "./restore-select.ts";
import { requestFromArguments, restoreOptions } from "./run.ts";
import { mayRun, requireRelocation, reviewAndRun } from "./run-review.ts";

/** Brings saved files back. */
export const restore: Command = {
  name: "restore",
  help: "Restore files",
  usage: `[client=<name>] [fileset=<name>] [pool=<name>] [before="YYYY-MM-DD HH:MM:SS"] [jobid=<list>] [select | current]
[file=<name> | file=<<list>] [directory=<name> | directory=<<list>] [all] [done] [bootstrap=<file>] [restorejob=<name>]
[restoreclient=<name>] [storage=<name>] [where=<directory>] [replace=always|ifnewer|ifolder|never]
[regexwhere=<rules>] [strip_prefix=<text>] [add_prefix=<text>] [add_suffix=<text>] [noautoparent] [when="..."] [priority=<n>] [comment=<text>] [yes]`,
  keywords: [
    "client|backupclient=", "fileset=", "pool=", "before=", "jobid=", "select", "current", "file=", "directory=", "all", "done", "bootstrap=", "restorejob|job=",
    "restoreclient=", "storage=", "where=", "replace=", "regexwhere=", "strip_prefix=", "add_prefix=", "add_suffix=", "noautoparent", "when=", "priority=",
    "comment=", "catalog=", "yes",
  ], // prettier-ignore
  async run(context, args) {
    const made = await makeRestore(context, args);
    if (made === null) return;
    await tellPlan(context, made);
    const job = await restoreJob(context, args);
    const overrides = {
      ...requestFromArguments(context, job.name, args),
      ...(args.value("storage") === undefined ? {} : { storage: args.value("storage")! }),
    };
    const { client, fileset, pool, ...request } = overrides; // they say what to restore, not with what
    void [client, fileset, pool];
    const options = { ...relocated(args), ...restoreOptions(args) };
    const restoreClient = options.restoreClient ?? (made.client === "" ? undefined : made.client);
    const known = restoreClient !== undefined && context.director.config().clients.has(restoreClient);
    await reviewAndRun(
      context,
      { ...request, restore: { plan: made.plan, ...options, ...(known ? { restoreClient } : {}) } },
      { yes: args.has("yes"), restore: { bootstrap: made.file, backupClient: made.client } },
    );
  },
};

/** `strip_prefix=` and its like as rules of regexwhere. */
function relocated(args: Arguments): { regexWhere?: string } {
  const rules = relocationRules({
    stripPrefix: args.value("strip_prefix"),
    addPrefix: args.value("add_prefix"),
    addSuffix: args.value("add_suffix"),
  });
  if (rules === "") return {};
  requireRelocation(rules);
  return { regexWhere: rules };
}

/** Finds out what is to come back; null if the operator gives up. */
async function makeRestore(context: CommandContext, args: Arguments): Promise<MadePlan | null> {
  requireAccess(context.operator, { kind: "anyFile" });
  const bootstrap = args.value("bootstrap");
  if (bootstrap !== undefined) {
    requireAccess(context.operator, { kind: "sql" }); // it may name anyone's files
    return await planFromBootstrapFile(bootstrap);
  }
  const catalog = await context.catalog();
  const before = args.value("before");
  const wish: RestoreWish = {
    clientName: args.value("client"),
    fileSet: args.value("fileset"),
    pool: args.value("pool"),
    before: before === undefined ? undefined : catalogTimeOf(before),
  };
  const isSelection = args.has("select") || args.has("current") || args.has("all") || wish.before !== undefined;
  const files = args.values("file");
  const directories = args.values("directory");
  const given = args.jobIds();
  if (given.length > 0) await jobsToRestore(context, catalog, given);
  if (wish.clientName !== undefined) await selectBackupClient(context, catalog, wish);
  if (files.length > 0 && directories.length === 0) return await selectNames(context, catalog, args, { jobIds: given, wish });
  if (given.length > 0 || isSelection || directories.length > 0) {
    const jobIds = given.length > 0 ? given : await findChain(context, catalog, wish);
    return directories.length > 0
      ? await selectNames(context, catalog, args, { jobIds, wish })
      : await selectFromTree(context, catalog, args, jobIds);
  }
  const choice = await runRestoreMenu(context, catalog, wish);
  switch (choice.kind) {
    case "cancel":
      return null;
    case "selection":
      return await planWithLinks(context, choice.selection);
    case "jobs":
      return await selectFromTree(context, catalog, args, choice.jobIds);
  }
}

/** Files and directories that are named on the line. */
async function selectNames(
  context: CommandContext,
  catalog: Catalog,
  args: Arguments,
  from: { readonly jobIds: readonly number[]; readonly wish: RestoreWish },
): Promise<MadePlan> {
  const selection = new Selection();
  const client = await clientOf(context, catalog, from);
  for (const given of args.values("file"))
    for (const name of await namesOf(context, given)) await addFile(context, catalog, selection, name, { ...from, client });
  for (const given of args.values("directory"))
    for (const name of await namesOf(context, given)) await addDirectory(context, catalog, selection, from.jobIds, name);
  return await planWithLinks(context, selection);
}

async function clientOf(
  context: CommandContext,
  catalog: Catalog,
  from: { readonly jobIds: readonly number[]; readonly wish: RestoreWish },
): Promise<ClientRow | null> {
  if (from.jobIds.length === 0) return await selectBackupClient(context, catalog, from.wish);
  const [job] = await jobsToRestore(context, catalog, from.jobIds);
  return await findClientById(catalog, job!.ClientId);
}

/** The tree of some jobs: marked by `all`, by the operator, or both. */
async function selectFromTree(
  context: CommandContext,
  catalog: Catalog,
  args: Arguments,
  jobIds: readonly number[],
): Promise<MadePlan | null> {
  const jobs = await jobsToRestore(context, catalog, jobIds);
  await context.say(
    `You have selected the following JobId${jobIds.length === 1 ? "" : "s"}: ${jobIds.join(",")}\n\nBuilding directory tree for JobId(s) ${jobIds.join(",")} ...  \n`,
  );
  const files = jobs.reduce((sum, job) => sum + job.JobFiles, 0);
  const all = args.has("all");
  const pruned = jobs.filter((job) => job.PurgedFiles === 1 && job.JobFiles > 0).map((job) => job.JobId);
  if (!(await hasFileRows(catalog, jobIds)) || (all && pruned.length > 0))
    return await restoreWhole(context, args, { jobIds, pruned: pruned.length < jobIds.length ? pruned : [] });
  if (pruned.length > 0)
    await context.say(
      `Warning: the catalog no longer has the names of the files of JobIds ${pruned.join(",")}; the tree lacks them. To restore everything, say all.\n`,
    );
  await context.say(`${commas(files)} files inserted into the tree${all ? " and marked for extraction" : ""}.\n`);
  const signal = context.signal;
  const source: TreeSource = {
    directory: (path) => listDirectory(catalog, jobIds, path),
    walk: (path) => walkSubtree(catalog, jobIds, path, signal),
    count: (path) => countSubtree(catalog, jobIds, path, signal),
  };
  // Of one job the files are counted; of several some replace others.
  const tree = await RestoreTree.open(source, jobs.length === 1 ? files : undefined);
  if (all) tree.marks.set("", true);
  if (!args.has("done") && (await runTreeShell(context, tree, { autoParent: !args.has("noautoparent") })) === "quit") {
    await context.say("Restore not done.\n");
    return null;
  }
  return await planWithLinks(context, await selectionOf(context, tree, jobs));
}

/** What is marked. All of one job that ended well is the job itself: its files need not be looked at, be they ten million. */
async function selectionOf(context: CommandContext, tree: RestoreTree, jobs: readonly JobRow[]): Promise<Selection> {
  const selection = new Selection();
  const [only] = jobs;
  if (only !== undefined && jobs.length === 1 && tree.isWhole && isWellEnded(only)) {
    selection.addWhole(only.JobId, only.JobFiles);
    return selection;
  }
  let found = 0;
  for await (const page of tree.marked(context.signal)) {
    selection.add(page);
    found += page.length;
    await context.progress(`${commas(found)} files selected`);
  }
  return selection;
}

function isWellEnded(job: JobRow): boolean {
  return ["T", "W"].includes(job.JobStatus) && job.JobFiles > 0;
}

/** When the file records are gone, a job can still come back as a whole. */
async function restoreWhole(
  context: CommandContext,
  args: Arguments,
  { jobIds, pruned }: { readonly jobIds: readonly number[]; readonly pruned: readonly number[] },
): Promise<MadePlan | null> {
  const which = pruned.length === 0 ? "these jobs" : `JobIds ${pruned.join(",")}`;
  await context.say(`\nThe catalog no longer has the names of the files of ${which}, so files cannot be selected.\n`);
  const isWanted =
    (args.has("all") && args.has("done")) ||
    args.has("yes") ||
    (await askYesNo(context, "Do you want to restore all the files? (yes/no): "));
  return isWanted ? await planForJobs(context, jobIds) : null;
}

async function planWithLinks(context: CommandContext, selection: Selection): Promise<MadePlan> {
  const added = selection.addLinkTargets();
  if (selection.count === 0) throw new OperatorError("RESTORE_NOTHING", "No files selected to be restored.");
  if (added > 0) await context.say(`${counted(added, "file")} added, because marked hard links have their data there.\n`);
  return await planForSelection(context, selection);
}

async function tellPlan(context: CommandContext, made: MadePlan): Promise<void> {
  const lines = made.volumes.map(
    (volume) =>
      `   ${volume.inChanger ? "*" : " "}${volume.volume.padEnd(25)} ${volume.storage.padEnd(25)} ${volume.device.padEnd(25)}\n`,
  );
  const count = made.plan.filesExpected;
  await context.say(`Bootstrap records written to ${made.file}

The Job will require the following (*=>InChanger):
   Volume(s)                 Storage(s)                SD Device(s)
===========================================================================
   
${lines.join("")}
Volumes marked with "*" are in the Autochanger.


${count === 0 ? "" : `${counted(count, "file")} selected to be restored.\n\n`}`);
}

/** The Job resource that restores: named, the only one, or chosen. */
async function restoreJob(context: CommandContext, args: Arguments): Promise<JobResource> {
  const jobs = [...context.director.config().jobs.values()].filter(
    (job) => job.type === "Restore" && mayRun(context, job.name),
  );
  if (jobs.length === 0)
    throw new OperatorError("RESOURCE_UNKNOWN", "no Job resource of Type = Restore is configured", {
      hint: "add one to the Director's configuration",
    });
  if (jobs.length === 1 && args.value("restorejob") === undefined) return jobs[0]!;
  const job = await selectJob(context, args, "restorejob", (one) => one.type === "Restore" && mayRun(context, one.name));
  if (job.type !== "Restore") throw new OperatorError("VALUE_REFUSED", `Job "${job.name}" does not restore`);
  return job;
}
