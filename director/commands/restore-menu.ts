import type { Catalog } from "#catalog/catalog.ts";
import { listJobsWithFile, listLastJobs } from "#catalog/queries/restore.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { Selection } from "../restore/selection.ts";
import { parseJobIds } from "./arguments.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { displayName } from "./format.ts";
import { askInteger, askText, chooseOne } from "./prompts.ts";
import { jobsToRestore } from "./restore-plan.ts";
import {
  addDirectory,
  addFile,
  catalogTimeOf,
  findChain,
  findChainEndingAt,
  namesOf,
  selectBackupClient,
  type RestoreWish,
} from "./restore-select.ts";
import { runStatement } from "./sqlquery.ts";

/** What the menu led to. */
export type MenuOutcome =
  | { readonly kind: "cancel" }
  | { readonly kind: "jobs"; readonly jobIds: readonly number[] }
  | { readonly kind: "selection"; readonly selection: Selection };

/** The choices, in an order that scripts know by number. */
const choices = [
  "List last 20 Jobs run",
  "List Jobs where a given File is saved",
  "Enter list of comma separated JobIds to select",
  "Enter SQL list command",
  "Select the most recent backup for a client",
  "Select backup for a client before a specified time",
  "Enter a list of files to restore",
  "Enter a list of files to restore before a specified time",
  "Find the JobIds of the most recent backup for a client",
  "Find the JobIds for a backup for a client before a specified time",
  "Enter a list of directories to restore for found JobIds",
  "Select full restore to a specified Job date",
  "Cancel",
] as const;

const INTRODUCTION = `
First you choose the Jobs that hold the files. There are several ways to find
them. Then you choose among the files of those Jobs.

`;

/** Asks how to find what is to be restored, until it is found or the operator gives up. */
export async function runRestoreMenu(context: CommandContext, catalog: Catalog, wish: RestoreWish): Promise<MenuOutcome> {
  await context.say(INTRODUCTION);
  let found: readonly number[] = [];
  for (;;) {
    const at = await chooseOne(context, {
      title: "To select the JobIds, you have the following choices:",
      prompt: "Select item: ",
      choices,
    });
    try {
      const outcome = await runChoice(context, catalog, wish, at + 1, found);
      if (outcome === undefined) continue;
      if (outcome.kind !== "found") return outcome;
      found = outcome.jobIds;
    } catch (error) {
      if (!(error instanceof OperatorError) || context.signal.aborted || error.code === "ANSWER_MISSING") throw error;
      await context.say(`${describeError(error)}\n`);
      return { kind: "cancel" };
    }
  }
}

async function runChoice(
  context: CommandContext,
  catalog: Catalog,
  wish: RestoreWish,
  item: number,
  found: readonly number[],
): Promise<MenuOutcome | { readonly kind: "found"; readonly jobIds: readonly number[] } | undefined> {
  switch (item) {
    case 1:
      return await listLast(context, catalog);
    case 2:
      return await listWithFile(context, catalog, wish);
    case 3:
      return { kind: "jobs", jobIds: parseJobIds(await askText(context, "Enter JobId(s), comma separated, to restore: ")) };
    case 4:
      requireAccess(context.operator, { kind: "sql" });
      await runStatement(context, catalog, await askText(context, "Enter SQL list command: "));
      return undefined;
    case 5:
      return { kind: "jobs", jobIds: await findChain(context, catalog, wish) };
    case 6:
      return { kind: "jobs", jobIds: await findChain(context, catalog, await withTime(context, wish)) };
    case 7:
      return await askFiles(context, catalog, wish);
    case 8:
      return await askFiles(context, catalog, await withTime(context, wish));
    case 9:
      return { kind: "found", jobIds: await findChain(context, catalog, wish) };
    case 10:
      return { kind: "found", jobIds: await findChain(context, catalog, await withTime(context, wish)) };
    case 11:
      return await askDirectories(context, catalog, wish, found);
    case 12:
      return {
        kind: "jobs",
        jobIds: await findChainEndingAt(
          context,
          catalog,
          await askInteger(context, "Enter JobId to get the state to restore: ", { min: 1 }),
        ),
      };
    default:
      return { kind: "cancel" };
  }
}

async function withTime(context: CommandContext, wish: RestoreWish): Promise<RestoreWish> {
  await context.say("The state before the time that you enter is restored.\n");
  for (;;) {
    const answer = await askText(context, "Enter date as YYYY-MM-DD HH:MM:SS :");
    try {
      return { ...wish, before: catalogTimeOf(answer) };
    } catch (error) {
      await context.say(`${describeError(error)}\n`);
    }
  }
}

async function listLast(context: CommandContext, catalog: Catalog): Promise<undefined> {
  const jobs = (await listLastJobs(catalog)).filter((job) => mayAccess(context.operator, { kind: "job", name: job.Name }));
  const columns = ["JobId", "Client", "StartTime", "JobLevel", "JobFiles", "JobBytes"].map((name) => ({
    name,
    number: ["JobId", "JobFiles", "JobBytes"].includes(name),
  }));
  await context.table({ name: "jobs", columns, vertical: false }, [
    jobs.map((job) => [
      String(job.JobId),
      job.ClientName,
      job.StartTime ?? "",
      job.Level,
      String(job.JobFiles),
      String(job.JobBytes),
    ]),
  ]);
}

async function listWithFile(context: CommandContext, catalog: Catalog, wish: RestoreWish): Promise<undefined> {
  const client = await selectBackupClient(context, catalog, wish);
  const name = await askText(context, "Enter Filename (no path):");
  const rows = await listJobsWithFile(catalog, { clientId: client.ClientId, name });
  const columns = ["JobId", "Name", "StartTime", "JobType", "JobStatus", "JobFiles", "JobBytes"].map((column) => ({
    name: column,
    number: ["JobId", "JobFiles", "JobBytes"].includes(column),
  }));
  await context.table({ name: "jobs", columns, vertical: false }, [
    rows.map((row) => [
      String(row.JobId),
      displayName(row.Name),
      row.StartTime ?? "",
      row.JobType,
      row.JobStatus,
      String(row.JobFiles),
      String(row.JobBytes),
    ]),
  ]);
}

async function askFiles(context: CommandContext, catalog: Catalog, wish: RestoreWish): Promise<MenuOutcome> {
  const client = await selectBackupClient(context, catalog, wish);
  const selection = new Selection();
  await context.say(
    "Enter file names with paths, or < and the name of a file that lists them.\nAn empty line ends the list.\n",
  );
  for await (const given of askNames(context, "Enter full filename: ")) {
    for (const name of await namesOf(context, given))
      await addFile(context, catalog, selection, name, { jobIds: [], client, wish });
  }
  return { kind: "selection", selection };
}

async function askDirectories(
  context: CommandContext,
  catalog: Catalog,
  wish: RestoreWish,
  found: readonly number[],
): Promise<MenuOutcome> {
  const jobIds = found.length > 0 ? found : await findChain(context, catalog, wish);
  await jobsToRestore(context, catalog, jobIds);
  await context.say(
    `You have already selected the following JobIds: ${jobIds.join(",")}\nEnter full directory names, or < and the name of a file that lists them.\nAn empty line ends the list.\n`,
  );
  const selection = new Selection();
  for await (const given of askNames(context, "Enter directory name: ")) {
    for (const name of await namesOf(context, given)) await addDirectory(context, catalog, selection, jobIds, name);
  }
  return { kind: "selection", selection };
}

/** Names until an empty line; `.` gives up. */
async function* askNames(context: CommandContext, prompt: string): AsyncGenerator<string> {
  for (;;) {
    const name = await context.ask({ prompt, fallback: "" });
    if (name === "") return;
    yield name;
  }
}
