import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobView } from "../job/job-view.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess, operatorName } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { counted } from "./format.ts";
import { askYesNo, chooseOne } from "./prompts.ts";

/** Stops running and waiting jobs. */
export const cancel: Command = {
  name: "cancel",
  help: "Cancel jobs",
  usage: "jobid=<list> | job=<name> | ujobid=<unique name> | all [yes]",
  keywords: ["jobid=", "job=", "ujobid=", "all", "yes"],
  async run(context, args) {
    const jobs = visibleJobs(context);
    const chosen = await chooseJobs(context, args, jobs);
    if (chosen.length === 0) return;
    const needsWord = args.has("all") || args.names().every((name) => name === "yes");
    if (
      needsWord &&
      !args.has("yes") &&
      !(await askYesNo(context, `Confirm cancel of ${counted(chosen.length, "Job")} (yes/no): `))
    )
      return;
    for (const jobId of chosen) await cancelOne(context, jobId);
  },
};

function visibleJobs(context: CommandContext): JobView[] {
  const { engine } = context.director;
  return [...engine.running(), ...engine.waiting()]
    .filter((job) => mayAccess(context.operator, { kind: "job", name: job.name }))
    .toSorted((left, right) => left.jobId - right.jobId);
}

async function chooseJobs(context: CommandContext, args: Arguments, jobs: readonly JobView[]): Promise<number[]> {
  const ids = args.jobIds();
  if (ids.length > 0) {
    for (const id of ids.filter((one) => !jobs.some((job) => job.jobId === one))) await notRunning(context, `JobId=${id}`);
    return ids.filter((id) => jobs.some((job) => job.jobId === id));
  }
  const name = args.value("ujobid") ?? args.value("job");
  if (name !== undefined) {
    const found = jobs.filter((job) => job.job === name || job.name === name);
    if (found.length === 0) await notRunning(context, name);
    return found.map((job) => job.jobId);
  }
  if (jobs.length === 0) {
    await context.say("No Jobs running.\n");
    return [];
  }
  if (args.has("all")) return jobs.map((job) => job.jobId);
  const at = await chooseOne(context, {
    title: "Select Job(s):",
    prompt: "Choose Job list to cancel",
    choices: jobs.map((job) => `JobId=${job.jobId} Job=${job.job}`),
    words: jobs.map((job) => job.job),
  });
  await context.say(`JobId=${jobs[at]!.jobId} Job=${jobs[at]!.job}\n`);
  return [jobs[at]!.jobId];
}

async function notRunning(context: CommandContext, what: string): Promise<void> {
  context.fail(1);
  await context.say(`Warning Job ${what} is not running.\n`);
}

async function cancelOne(context: CommandContext, jobId: number): Promise<void> {
  const result = await context.director.engine.cancel(jobId, operatorName(context.operator));
  if (result.kind === "notRunning") await notRunning(context, `JobId=${jobId}`);
  else await context.say(`3000 JobId=${result.jobId} Job="${result.job}" marked to be canceled.\n`);
}

/** The one running job of `jobid=` or `job=`; undefined if neither was given. Throws if it does not run. */
export function runningJob(context: CommandContext, args: Arguments): JobView | undefined {
  const jobId = args.integer("jobid", 1);
  const name = args.value("ujobid") ?? args.value("job");
  if (jobId === undefined && name === undefined) return undefined;
  const found = visibleJobs(context).find((job) => job.jobId === jobId || job.job === name || job.name === name);
  if (found === undefined) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Job ${name ?? `JobId=${jobId}`} is not running.`);
  return found;
}
