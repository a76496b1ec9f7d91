import { reportTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { JobView } from "../job/job-view.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { commas, levelWord, shortSize, shortStatus, statusTime } from "./format.ts";
import { chooseOne, selectClient, selectStorage, visibleNames } from "./prompts.ts";
import { typeWord } from "../job/level-words.ts";
import { slotsStatus } from "./status-slots.ts";
import { scheduledText, scheduleStatus } from "./status-schedule.ts";

/** What the daemons do. */
export const status: Command = {
  name: "status",
  help: "Show what the daemons do",
  usage: `all | client=<name> | storage=<name> [slots[=<list>] [drive=<n>]] |
dir [days=<n>] | schedule [job=<name>,...] [client=<name>,...] [schedule=<name>,...] [days=<n>] [limit=<n>] [time="YYYY-MM-DD HH:MM:SS"]`,
  keywords: [
    "all",
    "dir|director=?",
    "client=?",
    "storage=?",
    "slots=?",
    "drive=",
    "schedule|scheduled=?",
    "job=",
    "days=",
    "limit=",
    "time=",
    "running",
    "terminated",
    "header",
    "full",
  ],
  async run(context, args) {
    switch (await subjectOf(context, args)) {
      case "dir":
        return await directorStatus(context, args);
      case "client":
        return await clientStatus(context, (await selectClient(context, args)).name);
      case "storage":
        if (args.has("slots")) return await slotsStatus(context, args);
        return await storageStatus(context, (await selectStorage(context, args)).name);
      case "schedule":
        return await scheduleStatus(context, args);
      case "all":
        await directorStatus(context, args);
        for (const name of visibleNames(context, "storage")) await tolerant(context, () => storageStatus(context, name));
        for (const name of visibleNames(context, "client")) await tolerant(context, () => clientStatus(context, name));
    }
  },
};

type Subject = "dir" | "client" | "storage" | "schedule" | "all";

async function subjectOf(context: CommandContext, args: Arguments): Promise<Subject> {
  for (const subject of ["all", "dir", "schedule", "storage", "client"] as const) if (args.has(subject)) return subject;
  const subjects = ["dir", "storage", "client", "schedule", "all"] as const;
  const at = await chooseOne(context, {
    title: "Status available for:",
    prompt: "Select daemon type for status",
    choices: ["Director", "Storage", "Client", "Scheduled", "All"],
  });
  return subjects[at]!;
}

/** With `status all` one daemon that cannot be reached does not hide the others. */
async function tolerant(context: CommandContext, show: () => Promise<void>): Promise<void> {
  try {
    await show();
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    context.fail(1);
    await context.say(`${describeError(error)}\n====\n`);
  }
}

async function directorStatus(context: CommandContext, args: Arguments): Promise<void> {
  await context.say(headerText(context));
  await context.say(await scheduledText(context, args.integer("days", 1)));
  await context.say(runningText(context));
  await context.say(terminatedText(context));
}

/** Name, version, times, counts and memory of the Director. */
export function headerText(context: CommandContext): string {
  const { director } = context;
  const config = director.config();
  const memory = process.memoryUsage();
  const { counts } = director.engine;
  return [
    `${config.director.name} Version: ${director.version}`,
    `Daemon started ${statusTime(director.startedMs)}, conf reloaded ${reportTime(director.reloadedMs())}`,
    ` Jobs: run=${commas(counts.succeeded + counts.failed)}, running=${commas(director.engine.running().length)}`,
    ` Memory: rss=${commas(memory.rss)} heap=${commas(memory.heapUsed)} buffers=${commas(memory.arrayBuffers)} bytes`,
    ` Res: njobs=${config.jobs.size} nclients=${config.clients.size} nstores=${config.storages.size} npools=${config.pools.size} ncats=${config.catalogs.size} nfsets=${config.fileSets.size} nscheds=${config.schedules.size}`,
    "",
  ].join("\n");
}

/** Jobs that run or wait. */
export function runningText(context: CommandContext): string {
  const { engine } = context.director;
  const jobs = visibleJobs(context, [...engine.running(), ...engine.waiting()]);
  const head = "\nRunning Jobs:\n";
  if (jobs.length === 0) return `${head}No Jobs running.\n====\n`;
  const lines = jobs.map((job) => {
    const line = `${right(job.jobId, 6)}  ${pad(typeWord(job.type).slice(0, 4), 4)} ${pad(levelWord(job.level, job.type).slice(0, 4), 4)} ${right(commas(job.files), 10)} ${right(shortSize(job.bytes), 10)} ${pad(job.name, 17)} ${job.statusText}`;
    return job.mountRequest === null ? line : `${line}\n${job.mountRequest.trimEnd().replaceAll(/^/gm, "        ")}`;
  });
  return `${head} JobId  Type Level     Files     Bytes  Name              Status\n${"=".repeat(70)}\n${joined(lines)}====\n`;
}

/** The last jobs that ended. */
export function terminatedText(context: CommandContext): string {
  const jobs = visibleJobs(context, context.director.engine.terminated());
  if (jobs.length === 0) return "No Terminated Jobs.\n====\n";
  const lines = jobs.map((job) => {
    const level = job.type === "B" ? levelWord(job.level, job.type).slice(0, 4) : levelWord(job.level, job.type).slice(0, 7);
    return `${right(job.jobId, 6)}  ${pad(level, 7)} ${right(commas(job.files), 8)} ${right(shortSize(job.bytes), 10)}  ${pad(shortStatus(job.status), 7)}  ${statusTime(job.endedMs ?? job.scheduledMs)} ${job.name}`;
  });
  return `\nTerminated Jobs:\n JobId  Level      Files    Bytes   Status   Finished        Name \n${"=".repeat(68)}\n${joined(lines)}\n====\n`;
}

function visibleJobs(context: CommandContext, jobs: readonly JobView[]): JobView[] {
  return jobs.filter((job) => mayAccess(context.operator, { kind: "job", name: job.name }));
}

async function clientStatus(context: CommandContext, name: string): Promise<void> {
  const client = context.director.config().clients.get(name)!;
  await context.say(`Connecting to Client ${client.name} at ${client.address ?? client.name}:${client.fdPort}\n`);
  const { lines } = await context.director.daemons.fileDaemon(name).status({}, context.signal);
  await context.say(`\n${joined(lines)}`);
}

async function storageStatus(context: CommandContext, name: string): Promise<void> {
  const storage = context.director.config().storages.get(name)!;
  await context.say(`Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort}\n`);
  const { lines } = await context.director.daemons.storageDaemon(name).status({}, context.signal);
  await context.say(`\n${joined(lines)}`);
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function pad(text: string, width: number): string {
  return text.padEnd(width);
}

function right(value: string | number, width: number): string {
  return String(value).padStart(width);
}
