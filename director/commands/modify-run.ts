import { parseCatalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { EffectiveJob } from "../job/effective-job.ts";
import type { BackupLevel, RestoreOptions, RunRequest } from "../job/run-request.ts";
import { Arguments } from "./arguments.ts";
import { askRelocation } from "./ask-relocation.ts";
import { LeavePrompt, type CommandContext } from "./command.ts";
import {
  askInteger,
  askText,
  chooseOne,
  selectClient,
  selectFileSet,
  selectJob,
  selectPool,
  selectStorage,
} from "./prompts.ts";

const backupChoices = ["Level", "Storage", "Job", "FileSet", "Client", "When", "Priority", "Pool", "Plugin Options"] as const;
const restoreChoices = [
  "Level", "Storage", "Job", "FileSet", "Restore Client", "When", "Priority", "Bootstrap", "Where", "File Relocation", "Replace", "JobId", "Plugin Options",
] as const; // prettier-ignore
type Modification = (typeof backupChoices)[number] | (typeof restoreChoices)[number];

/** Asks what of a job that would run is to be another, and for its value; answers the request so changed. */
export async function modify(context: CommandContext, request: RunRequest, effective: EffectiveJob): Promise<RunRequest> {
  const choices: readonly Modification[] = effective.restore === null ? backupChoices : restoreChoices;
  try {
    const at = await chooseOne(context, { title: "Parameters to modify:", prompt: "Select parameter to modify", choices });
    return await applyModification(context, request, effective, choices[at]!);
  } catch (error) {
    if (!(error instanceof LeavePrompt)) throw error;
    await context.say("Selection aborted, nothing done.\n");
    return request;
  }
}

const noArguments = new Arguments([], []);

async function applyModification(
  context: CommandContext,
  request: RunRequest,
  effective: EffectiveJob,
  what: Modification,
): Promise<RunRequest> {
  switch (what) {
    case "Level":
      return effective.type === "B"
        ? { ...request, level: await askLevel(context) }
        : await refuse(context, request, "Level not appropriate for this Job. Cannot be changed.");
    case "Storage":
      return { ...request, storage: (await selectStorage(context, noArguments)).name };
    case "Job": {
      const type = effective.job.type;
      return { ...request, job: (await selectJob(context, noArguments, "job", (job) => job.type === type)).name };
    }
    case "FileSet":
      return { ...request, fileset: (await selectFileSet(context, noArguments)).name };
    case "Client":
      return { ...request, client: (await selectClient(context, noArguments)).name };
    case "Restore Client":
      return withRestore(request, { restoreClient: (await selectClient(context, noArguments)).name });
    case "When":
      return { ...request, whenMs: await askWhen(context) };
    case "Priority":
      return {
        ...request,
        priority: await askInteger(context, "Enter new Priority: ", { min: 1, fallback: effective.priority }),
      };
    case "Pool":
      return { ...request, pool: (await selectPool(context, noArguments)).name };
    case "Where":
      return withRestore(request, { where: await askWhere(context), regexWhere: "" });
    case "File Relocation":
      return withRestore(request, { regexWhere: await askRelocation(context, request.restore?.regexWhere ?? "") });
    case "Replace":
      return withRestore(request, { replace: await askReplace(context) });
    case "Bootstrap":
    case "JobId":
      return await refuse(
        context,
        request,
        `What is restored was selected before: leave with no, and give ${what.toLowerCase()}= to the restore command.`,
      );
    case "Plugin Options":
      return await refuse(context, request, "This release has no plugins that take options.");
  }
}

async function refuse(context: CommandContext, request: RunRequest, text: string): Promise<RunRequest> {
  await context.say(`${text}\n`);
  return request;
}

function withRestore(request: RunRequest, changes: Partial<RestoreOptions>): RunRequest {
  return request.restore === undefined ? request : { ...request, restore: { ...request.restore, ...changes } };
}

async function askLevel(context: CommandContext): Promise<BackupLevel> {
  const choices = ["Full", "Incremental", "Differential"] as const;
  const at = await chooseOne(context, { title: "Levels:", prompt: "Select level", choices });
  return (["F", "I", "D"] as const)[at]!;
}

async function askWhen(context: CommandContext): Promise<number> {
  const answer = await askText(context, "Please enter start time as YYYY-MM-DD HH:MM:SS (return for now): ", "");
  if (answer === "") return context.director.now();
  const time = parseCatalogTime(answer);
  if (time !== null) return time;
  await context.say("Improper date string, defaulting to now.\n");
  return context.director.now();
}

async function askWhere(context: CommandContext): Promise<string> {
  const answer = await askText(context, "Please enter the full path prefix for restore (/ for none): ", "/");
  if (answer.startsWith("/")) return answer;
  throw new OperatorError("VALUE_REFUSED", `"${answer}" is no full path`);
}

async function askReplace(context: CommandContext): Promise<NonNullable<RestoreOptions["replace"]>> {
  const choices = ["Always", "IfNewer", "IfOlder", "Never"] as const;
  const at = await chooseOne(context, { title: "Replace:", prompt: "Select replace option", choices });
  return (["always", "ifnewer", "ifolder", "never"] as const)[at]!;
}
