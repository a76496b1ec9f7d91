import { parseCatalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { JobResource } from "../config/job.ts";
import type { BackupLevel, RestoreOptions, RunRequest } from "../job/run-request.ts";
import { parseJobIds, type Arguments } from "./arguments.ts";
import { operatorName } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { askText, named, selectJob } from "./prompts.ts";
import { mayRun, requireRelocation, reviewAndRun } from "./run-review.ts";
import { waitForJob } from "./wait.ts";

/** Starts a job. */
export const run: Command = {
  name: "run",
  help: "Run a job",
  usage: `job=<name> [client=<name>] [fileset=<name>] [level=Full|Differential|Incremental] [storage=<name>]
[pool=<name>] [nextpool=<name>] [when="YYYY-MM-DD HH:MM:SS"] [since="..."] [priority=<n>] [comment=<text>]
[accurate=yes|no] [spooldata=yes|no] [newvolume=yes|no] [catalog=<name>] [messages=<name>] [ignoreduplicatecheck=yes|no]
for Restore jobs: [jobid=<list>] [bootstrap=<file>] [where=<directory>] [regexwhere=<rules>] [replace=<policy>] [restoreclient=<name>] [yes] [wait]`,
  keywords: [
    "job=", "client|fd=", "fileset=", "level=", "storage|sd=", "pool=", "nextpool=", "when=", "since=", "priority=", "comment=", "accurate=", "spooldata=", "newvolume=",
    "catalog=", "messages=", "ignoreduplicatecheck=", "jobid=", "bootstrap=", "where=", "regexwhere=", "replace=", "restoreclient=", "yes", "wait",
  ], // prettier-ignore
  async run(context, args) {
    if (!args.has("job")) await context.say("A job name must be specified.\n");
    const job = await selectJob(context, args, "job", (one) => mayRun(context, one.name));
    const request = requestFromArguments(context, job.name, args);
    const jobId =
      job.type === "Restore"
        ? await runRestore(context, job, request, args)
        : await reviewAndRun(context, request, { yes: args.has("yes") });
    if (jobId !== null && args.has("wait")) await waitForJob(context, jobId, context.signal);
  },
};

/** Runs a Restore job of JobIds or of a bootstrap file, without choosing files. */
async function runRestore(
  context: CommandContext,
  job: JobResource,
  request: RunRequest,
  args: Arguments,
): Promise<number | null> {
  const { planForJobs, planFromBootstrapFile } = await import("./restore-plan.ts");
  const bootstrap = args.value("bootstrap") ?? job.bootstrap;
  const jobIds =
    bootstrap !== undefined
      ? []
      : args.has("jobid")
        ? args.jobIds()
        : parseJobIds(await askText(context, "Please enter a JobId for restore: "));
  const made = bootstrap === undefined ? await planForJobs(context, jobIds) : await planFromBootstrapFile(bootstrap);
  return await reviewAndRun(
    context,
    { ...request, restore: { plan: made.plan, ...restoreOptions(args) } },
    { yes: args.has("yes"), restore: { bootstrap: made.file, backupClient: made.client } },
  );
}

/** What the arguments of `run` and `restore` change of a Job. */
export function requestFromArguments(context: CommandContext, job: string, args: Arguments): RunRequest {
  const when = timeOf(args, "when");
  const since = timeOf(args, "since");
  const priority = args.integer("priority", 1);
  const accurate = args.flag("accurate");
  const spoolData = args.flag("spooldata");
  const newVolume = args.flag("newvolume");
  const ignoreDuplicateCheck = args.flag("ignoreduplicatecheck");
  const level = args.value("level");
  const nextPool = args.value("nextpool");
  return {
    job,
    origin: { kind: "console", user: operatorName(context.operator) },
    ...(level === undefined ? {} : { level: parseLevel(level) }),
    ...texts(args, ["client", "fileset", "pool", "storage", "catalog", "messages", "comment"]),
    ...(nextPool === undefined ? {} : { nextPool: named.pool(context, nextPool).name }),
    ...(when === undefined ? {} : { whenMs: when }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(priority === undefined ? {} : { priority }),
    ...(accurate === undefined ? {} : { accurate }),
    ...(spoolData === undefined ? {} : { spoolData }),
    ...(newVolume === undefined ? {} : { newVolume }),
    ...(ignoreDuplicateCheck === undefined ? {} : { ignoreDuplicateCheck }),
  };
}

type TextKey = "client" | "fileset" | "pool" | "storage" | "catalog" | "messages" | "comment";

function texts(args: Arguments, keys: readonly TextKey[]): Partial<Record<TextKey, string>> {
  return Object.fromEntries(keys.flatMap((key) => (args.value(key) === undefined ? [] : [[key, args.value(key)!]])));
}

/** Where and how files come back, as `run` and `restore` take it. */
export function restoreOptions(args: Arguments): Omit<RestoreOptions, "plan"> {
  const where = args.value("where");
  const rules = args.value("regexwhere");
  const restoreClient = args.value("restoreclient");
  const replace = args.value("replace");
  if (where !== undefined && where !== "" && !where.startsWith("/"))
    throw new OperatorError("VALUE_REFUSED", `where=${where} is no full path`);
  if (rules !== undefined) requireRelocation(rules);
  return {
    ...(where === undefined ? {} : { where }),
    ...(rules === undefined ? {} : { regexWhere: rules }),
    ...(restoreClient === undefined ? {} : { restoreClient }),
    ...(replace === undefined ? {} : { replace: parseReplace(replace) }),
  };
}

function parseReplace(text: string): NonNullable<RestoreOptions["replace"]> {
  const policies = ["always", "ifnewer", "ifolder", "never"] as const;
  const found = policies.find((policy) => policy === text.toLowerCase());
  if (found === undefined)
    throw new OperatorError("KEYWORD_VALUE", `replace=${text} is no policy`, { hint: policies.join(", ") });
  return found;
}

function parseLevel(text: string): BackupLevel {
  const levels: readonly (readonly [string, BackupLevel])[] = [
    ["full", "F"],
    ["incremental", "I"],
    ["differential", "D"],
  ];
  const found = levels.find(([word]) => text !== "" && word.startsWith(text.toLowerCase()));
  if (found === undefined)
    throw new OperatorError("KEYWORD_VALUE", `Level ${text} not valid.`, { hint: "Full, Incremental or Differential" });
  return found[1];
}

function timeOf(args: Arguments, name: string): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const time = parseCatalogTime(text);
  if (time === null)
    throw new OperatorError("KEYWORD_VALUE", `${name}="${text}" is no time`, { hint: 'write "YYYY-MM-DD HH:MM:SS"' });
  return time;
}
