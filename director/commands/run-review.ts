import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { relocation } from "#lib/files/relocate.ts";
import { effectiveJob, poolOfLevel, storageChoices, storageOfPool, type EffectiveJob } from "../job/effective-job.ts";
import { reportLevel } from "../job/level-words.ts";
import type { RunRequest } from "../job/run-request.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import { LeavePrompt, type CommandContext } from "./command.ts";
import { modify } from "./modify-run.ts";
import { askText } from "./prompts.ts";

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
  for (const storage of storagesOf(effective)) requireAccess(operator, { kind: "storage", name: storage });
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

/** Every Storage that the job may come to use: of several any will do, and a restore may read from more than one. */
function storagesOf(effective: EffectiveJob): readonly string[] {
  const choices = storageChoices(effective, poolOfLevel(effective, effective.level).resource).map(({ resource }) => resource);
  return [effective.storage.resource, ...choices, ...effective.furtherStorages].map(({ name }) => name);
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

/** Refuses relocation rules that could not be used. */
export function requireRelocation(rules: string): void {
  relocation("", rules);
}

/** True if the operator may run this job. */
export function mayRun(context: CommandContext, job: string): boolean {
  return mayAccess(context.operator, { kind: "run", name: job });
}
