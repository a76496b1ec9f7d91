import { catalogTime, parseCatalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { relocation } from "#lib/files/relocate.ts";
import { effectiveJob, poolOfLevel, storageOfPool, type EffectiveJob } from "../job/effective-job.ts";
import { reportLevel } from "../job/level-words.ts";
import type { BackupLevel, RestoreOptions, RunRequest } from "../job/run-request.ts";
import { relocationRules } from "../restore/relocation.ts";
import { Arguments } from "./arguments.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
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

/** What is shown of a restore besides its request. */
export interface RestoreFacts {
  /** File of the Bootstrap. */
  readonly bootstrap: string;
  /** Client whose files they are; empty: unknown. */
  readonly backupClient: string;
}

/** Wrong answers to "OK to run?" before it is given up. */
const WRONG_ANSWERS_MAX = 1000;

/** Shows what would run, lets the operator change it, and queues it; with `yes` at once. Answers the JobId, or null if it was not run. */
export async function reviewAndRun(
  context: CommandContext,
  first: RunRequest,
  options: { readonly yes: boolean; readonly restore?: RestoreFacts },
): Promise<number | null> {
  let request = first;
  for (let wrong = 0; wrong < WRONG_ANSWERS_MAX; wrong++) {
    const effective = effectiveJob(request, context.director.config());
    requireRights(context, effective);
    const answer = options.yes ? "yes" : await askOk(context, effective, options.restore);
    if (answer === "no") {
      context.fail(1);
      await context.say("Job not run.\n");
      return null;
    }
    if (answer === "yes") return await queue(context, request);
    if (answer === "mod") request = await modify(context, request, effective);
    else await context.say(`\nBad response: ${answer}. You must answer yes, mod, or no.\n\n`);
  }
  throw new OperatorError("ANSWER_MISSING", "nobody says whether the job may run");
}

async function askOk(context: CommandContext, effective: EffectiveJob, restore: RestoreFacts | undefined): Promise<string> {
  await context.say(effective.restore === null ? backupText(context, effective) : restoreText(context, effective, restore));
  try {
    const answer = (await askText(context, "OK to run? (yes/mod/no): ")).toLowerCase();
    return ["yes", "mod", "no"].find((word) => word.startsWith(answer)) ?? answer;
  } catch (error) {
    if (error instanceof LeavePrompt) return "no";
    throw error;
  }
}

async function queue(context: CommandContext, request: RunRequest): Promise<number> {
  const jobId = await context.director.engine.submit(request);
  await context.say(`Job queued. JobId=${jobId}\n`);
  return jobId;
}

/** Everything that the job would use must be allowed and switched on. */
function requireRights(context: CommandContext, effective: EffectiveJob): void {
  const { operator } = context;
  const { switches } = context.director;
  requireAccess(operator, { kind: "run", name: effective.job.name });
  requireAccess(operator, { kind: effective.restore === null ? "client" : "restoreClient", name: effective.client.name });
  requireAccess(operator, { kind: "fileSet", name: effective.fileset.name });
  requireAccess(operator, { kind: "pool", name: effective.pool.resource.name });
  requireAccess(operator, { kind: "storage", name: effective.storage.resource.name });
  requireAccess(operator, { kind: "catalog", name: effective.catalog.resource.name });
  // A relocation by rules may lead anywhere, as a restore to the original places does.
  if (effective.restore !== null)
    requireAccess(operator, {
      kind: "where",
      name: (effective.restore.regexWhere ?? "") === "" && effective.restore.where !== "" ? effective.restore.where : "/",
    });
  if (!switches.enabled("job", effective.job.name, true))
    throw new OperatorError("VALUE_REFUSED", `Job "${effective.job.name}" is disabled`, {
      hint: `type: enable job=${effective.job.name}`,
    });
  if (!switches.enabled("client", effective.client.name, true))
    throw new OperatorError("VALUE_REFUSED", `Client "${effective.client.name}" is disabled`, {
      hint: `type: enable client=${effective.client.name}`,
    });
}

function backupText(context: CommandContext, effective: EffectiveJob): string {
  const pool = poolOfLevel(effective, effective.level);
  const storage = storageOfPool(effective, pool.resource);
  if (effective.type === "D")
    return `Run Admin Job\nJobName:  ${effective.job.name}\nWhen:     ${whenText(context, effective)}\nPriority: ${effective.priority}\n`;
  return [
    "Run Backup job",
    `JobName:  ${effective.job.name}`,
    `Level:    ${reportLevel(effective.level)}`,
    `Client:   ${effective.client.name}`,
    `FileSet:  ${effective.fileset.name}`,
    `Pool:     ${pool.resource.name} (From ${pool.from})`,
    `Storage:  ${storage.resource.name} (From ${storage.from})`,
    `When:     ${whenText(context, effective)}`,
    `Priority: ${effective.priority}`,
    "",
  ].join("\n");
}

function restoreText(context: CommandContext, effective: EffectiveJob, facts: RestoreFacts | undefined): string {
  const { where, regexWhere, replace } = effective.restore!;
  const rules = regexWhere ?? "";
  return [
    "Run Restore job",
    `JobName:         ${effective.job.name}`,
    `Bootstrap:       ${facts?.bootstrap ?? "*None*"}`,
    rules === "" ? `Where:           ${where === "" ? "*None*" : where}` : `RegexWhere:      ${rules}`,
    `Replace:         ${{ always: "Always", ifnewer: "IfNewer", ifolder: "IfOlder", never: "Never" }[replace]}`,
    `FileSet:         ${effective.fileset.name}`,
    `Backup Client:   ${facts?.backupClient === undefined || facts.backupClient === "" ? "*None*" : facts.backupClient}`,
    `Restore Client:  ${effective.client.name}`,
    `Storage:         ${effective.storage.resource.name}`,
    `When:            ${whenText(context, effective)}`,
    `Catalog:         ${effective.catalog.resource.name}`,
    `Priority:        ${effective.priority}`,
    "Plugin Options:  *None*",
    "",
  ].join("\n");
}

function whenText(context: CommandContext, effective: EffectiveJob): string {
  return catalogTime(effective.notBeforeMs === 0 ? context.director.now() : effective.notBeforeMs);
}

const backupChoices = ["Level", "Storage", "Job", "FileSet", "Client", "When", "Priority", "Pool", "Plugin Options"] as const;
const restoreChoices = [
  "Level", "Storage", "Job", "FileSet", "Restore Client", "When", "Priority", "Bootstrap", "Where", "File Relocation", "Replace", "JobId", "Plugin Options",
] as const; // prettier-ignore
type Modification = (typeof backupChoices)[number] | (typeof restoreChoices)[number];

async function modify(context: CommandContext, request: RunRequest, effective: EffectiveJob): Promise<RunRequest> {
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

const relocationChoices = [
  "Strip prefix",
  "Add prefix",
  "Add file suffix",
  "Enter a regexp",
  "Test filename manipulation",
  "Use this ?",
] as const;

/** Asks for parts of a relocation until the operator is content; answers the rules. */
async function askRelocation(context: CommandContext, before: string): Promise<string> {
  const parts: { stripPrefix?: string; addPrefix?: string; addSuffix?: string } = {};
  let own: string | undefined = before === "" ? undefined : before;
  const shown = (text: string | undefined): string => (text === undefined || text === "" ? "*None*" : text);
  for (;;) {
    const rules = own ?? relocationRules(parts);
    await context.say(
      `strip_prefix=${shown(parts.stripPrefix)} add_prefix=${shown(parts.addPrefix)} add_suffix=${shown(parts.addSuffix)}${own === undefined ? "" : ` regexwhere=${own}`}\n`,
    );
    const at = await chooseOne(context, {
      title: "This will replace your current Where value",
      prompt: "Select parameter to modify",
      choices: relocationChoices,
    });
    if (at === 5) return rules;
    if (at === 4) await testRelocation(context, rules);
    else if (at === 3) own = await askRules(context);
    else {
      const text = await askText(
        context,
        [
          "Please enter the path prefix to strip: ",
          "Please enter the path prefix to add (/ for none): ",
          "Please enter the file suffix to add: ",
        ][at]!,
        "",
      );
      own = undefined;
      parts[(["stripPrefix", "addPrefix", "addSuffix"] as const)[at]!] = text;
    }
  }
}

async function askRules(context: CommandContext): Promise<string | undefined> {
  const rules = await askText(context, "Please enter a valid regexp (!from!to!): ", "");
  try {
    relocation("", rules);
    return rules === "" ? undefined : rules;
  } catch (error) {
    await context.say(`${describeError(error)}\n`);
    return undefined;
  }
}

async function testRelocation(context: CommandContext, rules: string): Promise<void> {
  const { nameOf, byteStringOf } = await import("#lib/base/byte-string.ts");
  const { place } = relocation("", rules);
  for (;;) {
    const name = await askText(context, "Please enter filename to test: ", "");
    if (name === "") return;
    const moved = place(byteStringOf(name));
    await context.say(`${name} -> ${moved === undefined ? "(not restored)" : nameOf(moved)}\n`);
  }
}

/** Refuses relocation rules that could not be used. */
export function requireRelocation(rules: string): void {
  relocation("", rules);
}

/** True if the operator may run this job. */
export function mayRun(context: CommandContext, job: string): boolean {
  return mayAccess(context.operator, { kind: "run", name: job });
}
