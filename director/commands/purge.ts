import type { Catalog } from "#catalog/catalog.ts";
import { findClient } from "#catalog/queries/clients.ts";
import { deleteJob, listJobIdsOfClient, purgeFilesOfJob, purgeVolume } from "#catalog/queries/delete.ts";
import { findJob, findJobByUniqueName } from "#catalog/queries/jobs.ts";
import { listJobIdsOfVolume, listVolumesOfJob } from "#catalog/queries/job-media.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { parseJobIds, type Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { counted } from "./format.ts";
import { chooseOne } from "./prompts.ts";
import { selectBackupClient } from "./restore-select.ts";
import { requireNoneOnPrecious, requireNotPrecious, withhold } from "./retention-parts.ts";
import { selectVolume } from "./select-rows.ts";
import { truncateChosen } from "./truncate.ts";

const WARNING = `
This command can be DANGEROUS!!!

It deletes records of files or jobs from the catalog at once, however long
they were to be kept. What they describe stays on the Volumes, but can be
found no more; a deduplicating storage frees the space of purged jobs for good.
prune deletes only what has expired.
`;

/** Statuses in which a Volume may be purged. */
const PURGEABLE: readonly string[] = ["Append", "Full", "Used", "Error"];

/** Deletes records whatever their retention. */
export const purge: Command = {
  name: "purge",
  help: "Delete records from the catalog before their time",
  usage: `files [jobid=<list> | job=<unique name> | client=<name> | volume=<name>] |
jobs [jobid=<list> | client=<name> [name=<job>] | volume=<name>] |
volume=<name> [jobid=<list>] |
volume action=truncate|all [volume=<name>] [storage=<name>] [pool=<name>] [allpools] [mediatype=<type>] [drive=<n>]`,
  keywords: [
    "files",
    "jobs",
    "volume|media=?",
    "client=?",
    "jobid=",
    "job=",
    "name=",
    "action=",
    "storage=",
    "pool=",
    "allpools",
    "mediatype=",
    "devicetype=",
    "drive=",
    "yes",
  ],
  async run(context, args) {
    if (args.has("action")) return await runAction(context, args);
    await context.say(WARNING);
    const catalog = await context.catalog();
    const subject = args.has("files")
      ? "files"
      : args.has("jobs")
        ? "jobs"
        : args.has("volume")
          ? "volume"
          : await askSubject(context);
    if (subject === "volume" && !args.has("jobid")) return await purgeOneVolume(context, catalog, args.value("volume"));
    if (subject === "jobs" && args.has("volume")) return await purgeOneVolume(context, catalog, args.value("volume"));
    const { jobIds, of } = await jobsFor(context, catalog, args);
    const what = subject === "files" ? "files" : "jobs";
    try {
      // The newest first: what is left when this is interrupted needs nothing that is gone.
      for (const jobId of jobIds.toReversed()) await purgeOneJob(context, catalog, jobId, what);
    } finally {
      context.director.jobsDeleted(); // also of those before one that failed
      context.director.engine.mediaChanged();
    }
    await context.say(
      what === "jobs"
        ? `${counted(jobIds.length, "Job")} for ${of} purged from the catalog.\n`
        : `Files of ${counted(jobIds.length, "Job")} for ${of} purged from the catalog.\n`,
    );
  },
};

/** `purge volume action=truncate`: what `truncate` does; `action=all` is the same, there being no other action. */
async function runAction(context: CommandContext, args: Arguments): Promise<void> {
  const action = args.value("action")!.toLowerCase();
  if (action !== "truncate" && action !== "all")
    throw new OperatorError("KEYWORD_VALUE", `action=${action} is unknown`, { hint: "truncate or all" });
  const catalog = await context.catalog();
  await truncateChosen(context, catalog, args);
}

async function askSubject(context: CommandContext): Promise<"files" | "jobs" | "volume"> {
  const subjects = ["files", "jobs", "volume"] as const;
  return subjects[
    await chooseOne(context, { title: "You have the following choices:", prompt: "Choose item to purge", choices: subjects })
  ]!;
}

async function purgeOneVolume(context: CommandContext, catalog: Catalog, name: string | undefined): Promise<void> {
  const volume = await selectVolume(context, catalog, name);
  if (!PURGEABLE.includes(volume.VolStatus)) {
    throw new OperatorError(
      "VALUE_REFUSED",
      `Volume "${volume.VolumeName}" has VolStatus "${volume.VolStatus}" and cannot be purged.`,
      { hint: `only ${PURGEABLE.join(", ")} can` },
    );
  }
  await requireNotPrecious(catalog, volume, "purged");
  using _held = withhold(context, catalog, volume.VolumeName, "purged");
  using _turn = await context.director.retention(catalog).turn.acquire(context.signal);
  const onVolume = await listJobIdsOfVolume(catalog, volume.MediaId);
  for (const jobId of onVolume) requireEnded(context, jobId);
  await requireNoneOnPrecious(catalog, onVolume, "purged");
  const { jobs, upgraded, isPurged } = await purgeVolume(catalog, volume);
  context.director.jobsDeleted();
  context.director.engine.mediaChanged();
  await context.say(`${counted(jobs, "Job")} on Volume "${volume.VolumeName}" purged from the catalog.\n`);
  if (isPurged) await context.say(`There are no more Jobs associated with Volume "${volume.VolumeName}". Marking it purged.\n`);
  await tellUpgraded(context, upgraded);
}

async function jobsFor(
  context: CommandContext,
  catalog: Catalog,
  args: Arguments,
): Promise<{ readonly jobIds: readonly number[]; readonly of: string }> {
  const listed = args.value("jobid");
  const unique = args.value("job");
  if (unique !== undefined) {
    const job = await findJobByUniqueName(catalog, unique);
    if (job === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `there is no Job "${unique}"`);
    return { jobIds: [job.JobId], of: `Job ${unique}` };
  }
  if (listed !== undefined && args.has("volume")) {
    const volume = await selectVolume(context, catalog, args.value("volume"));
    const there = new Set(await listJobIdsOfVolume(catalog, volume.MediaId));
    return {
      jobIds: parseJobIds(listed).filter((jobId) => there.has(jobId)),
      of: `JobId ${listed} on Volume "${volume.VolumeName}"`,
    };
  }
  if (listed !== undefined) return { jobIds: parseJobIds(listed), of: `JobId ${listed}` };
  if (args.has("volume")) {
    const volume = await selectVolume(context, catalog, args.value("volume"));
    return { jobIds: await listJobIdsOfVolume(catalog, volume.MediaId), of: `Volume "${volume.VolumeName}"` };
  }
  const name = args.value("client");
  const client =
    name === undefined
      ? await selectBackupClient(context, catalog, {
          clientName: undefined,
          fileSet: undefined,
          pool: undefined,
          before: undefined,
        })
      : await findClient(catalog, name);
  if (client === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Client "${name}"`);
  requireAccess(context.operator, { kind: "client", name: client.Name });
  const jobName = args.value("name");
  const jobIds = await listJobIdsOfClient(catalog, client.ClientId, jobName);
  return { jobIds, of: `client "${client.Name}"${jobName === undefined ? "" : ` and Job "${jobName}"`}` };
}

async function purgeOneJob(context: CommandContext, catalog: Catalog, jobId: number, subject: "files" | "jobs"): Promise<void> {
  context.signal.throwIfAborted();
  const job = await findJob(catalog, jobId);
  if (job === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `there is no JobId=${jobId}`);
  requireAccess(context.operator, { kind: "job", name: job.Name });
  requireEnded(context, jobId);
  for (const media of await listVolumesOfJob(catalog, jobId)) await requireNotPrecious(catalog, media, "purged of its jobs");
  if (subject === "jobs") await deleteJob(catalog, jobId);
  else await purgeFilesOfJob(catalog, jobId);
}

/** Tells which copies have taken the place of deleted jobs. */
export async function tellUpgraded(context: CommandContext, upgraded: readonly number[]): Promise<void> {
  if (upgraded.length > 0) await context.say(`Following Copy jobs have been upgraded to Backup jobs: ${upgraded.join(",")}\n`);
}

/** Throws VALUE_REFUSED while the job is queued or running, or a running job reads it. */
export function requireEnded(context: CommandContext, jobId: number): void {
  const reader = context.director.engine.busy().read.get(jobId);
  if (reader !== undefined)
    throw new OperatorError("VALUE_REFUSED", `JobId=${jobId} is being read by JobId=${reader}`, {
      hint: `wait for it, or type: cancel jobid=${reader}`,
    });
  const view = context.director.engine.view(jobId);
  if (view !== null && view.endedMs === null)
    throw new OperatorError("VALUE_REFUSED", `JobId=${jobId} is running`, {
      hint: `wait for it, or type: cancel jobid=${jobId}`,
    });
}
