import { OperatorError } from "#lib/errors/operator-error.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { Arguments } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import type { ClientResource } from "../config/client.ts";
import type { FileSetResource } from "../config/file-set.ts";
import type { JobResource } from "../config/job.ts";
import type { PoolResource } from "../config/pool.ts";
import type { StorageResource } from "../config/storage.ts";

/** Wrong answers to one question before it is given up: a script that goes astray ends. */
const WRONG_ANSWERS_MAX = 1000;

/** A choice among numbered texts. */
export interface Choice {
  readonly title: string;
  /** Prompt without the range: `Select Job resource`. */
  readonly prompt: string;
  readonly choices: readonly string[];
  /** Words that may be answered besides the numbers, one a choice; the choices themselves if absent. */
  readonly words?: readonly string[];
  /** With one choice only it is taken, and told by this name: `Automatically selected Client: c1`. */
  readonly automatic?: string;
}

/** Lets the operator choose one; answers its index. */
export async function chooseOne(context: CommandContext, choice: Choice): Promise<number> {
  const { choices } = choice;
  if (choices.length === 0) throw new OperatorError("RESOURCE_UNKNOWN", `${choice.prompt}: there is nothing to choose from`);
  if (choices.length === 1 && choice.automatic !== undefined) {
    await context.say(`Automatically selected ${choice.automatic}: ${choices[0]}\n`);
    return 0;
  }
  const prompt = `${choice.prompt} (1-${choices.length}): `;
  let shown = choices;
  for (let wrong = 0; wrong < WRONG_ANSWERS_MAX; wrong++) {
    const answer = await context.ask({ title: shown.length > 0 ? choice.title : "", choices: shown, prompt });
    shown = [];
    const number = /^\d{1,9}$/.test(answer) ? Number(answer) : undefined;
    if (number !== undefined && number >= 1 && number <= choices.length) return number - 1;
    const words = choice.words ?? choices;
    const named = words.findIndex((word) => word.toLowerCase() === answer.toLowerCase());
    if (named >= 0) return named;
    if (number !== undefined) await context.say(`Please enter a number between 1 and ${choices.length}\n`);
    else await context.say(`Expected a positive integer, got: ${answer}\n`);
  }
  throw new OperatorError("ANSWER_MISSING", `"${choice.prompt}" got ${WRONG_ANSWERS_MAX} answers that do not fit`);
}

/** Asks for a text; an empty line gives the fallback, or is asked again where there is none. */
export async function askText(context: CommandContext, prompt: string, fallback?: string): Promise<string> {
  for (let wrong = 0; wrong < WRONG_ANSWERS_MAX; wrong++) {
    const answer = await context.ask({ prompt, ...(fallback === undefined ? {} : { fallback }) });
    if (answer !== "" || fallback !== undefined) return answer;
  }
  throw new OperatorError("ANSWER_MISSING", `"${prompt}" got no answer`);
}

/** Asks for a whole number of at least `min`; an empty line gives the fallback. */
export async function askInteger(
  context: CommandContext,
  prompt: string,
  options: { readonly min: number; readonly fallback?: number },
): Promise<number> {
  for (let wrong = 0; wrong < WRONG_ANSWERS_MAX; wrong++) {
    const answer = await askText(context, prompt, options.fallback === undefined ? undefined : String(options.fallback));
    if (/^\d{1,15}$/.test(answer) && Number(answer) >= options.min) return Number(answer);
    await context.say(`Expected a positive integer, got: ${answer}\n`);
  }
  throw new OperatorError("ANSWER_MISSING", `"${prompt}" got no number`);
}

/** Asks for yes or no (or a beginning of them). */
export async function askYesNo(context: CommandContext, prompt: string): Promise<boolean> {
  for (let wrong = 0; wrong < WRONG_ANSWERS_MAX; wrong++) {
    const answer = (await askText(context, prompt)).toLowerCase();
    if (answer !== "" && "yes".startsWith(answer)) return true;
    if (answer !== "" && "no".startsWith(answer)) return false;
    await context.say("Please answer yes or no.\n");
  }
  throw new OperatorError("ANSWER_MISSING", `"${prompt}" was not answered with yes or no`);
}

/** What the chooser of resources needs to know of a kind of resource. */
interface Kind<R> {
  readonly word: string;
  readonly title: string;
  readonly prompt: string;
  readonly access: "job" | "client" | "storage" | "pool" | "fileSet" | "schedule" | "catalog";
  readonly all: (context: CommandContext) => ReadonlyMap<string, R>;
}

const jobKind: Kind<JobResource> = {
  word: "Job",
  title: "The defined Job resources are:",
  prompt: "Select Job resource",
  access: "job",
  all: (context) => context.director.config().jobs,
};
const clientKind: Kind<ClientResource> = {
  word: "Client",
  title: "The defined Client resources are:",
  prompt: "Select Client (File daemon) resource",
  access: "client",
  all: (context) => context.director.config().clients,
};
const storageKind: Kind<StorageResource> = {
  word: "Storage",
  title: "The defined Storage resources are:",
  prompt: "Select Storage resource",
  access: "storage",
  all: (context) => context.director.config().storages,
};
const poolKind: Kind<PoolResource> = {
  word: "Pool",
  title: "The defined Pool resources are:",
  prompt: "Select Pool resource",
  access: "pool",
  all: (context) => context.director.config().pools,
};
const fileSetKind: Kind<FileSetResource> = {
  word: "FileSet",
  title: "The defined FileSet resources are:",
  prompt: "Select FileSet resource",
  access: "fileSet",
  all: (context) => context.director.config().fileSets,
};

/** Resources that the operator may see, in the order of the configuration. */
function visible<R>(context: CommandContext, kind: Kind<R>): Map<string, R> {
  return new Map([...kind.all(context)].filter(([name]) => mayAccess(context.operator, { kind: kind.access, name })));
}

async function chooseResource<R>(
  context: CommandContext,
  kind: Kind<R>,
  fits: (resource: R) => boolean,
  automatic: boolean,
): Promise<R> {
  const seen = [...visible(context, kind)].filter(([, resource]) => fits(resource));
  const at = await chooseOne(context, {
    title: kind.title,
    prompt: kind.prompt,
    choices: seen.map(([name]) => name),
    ...(automatic ? { automatic: kind.word } : {}),
  });
  return seen[at]![1];
}

/** The resource named, or without a name one that the operator chooses. RESOURCE_UNKNOWN for a name that is not known or not allowed. */
async function resourceFor<R>(
  context: CommandContext,
  kind: Kind<R>,
  name: string | undefined,
  fits: (resource: R) => boolean,
  automatic = true,
): Promise<R> {
  if (name !== undefined && name !== "") {
    const found = visible(context, kind).get(name);
    if (found !== undefined) return found;
    // To take another one would be to do something to what was not meant.
    throw new OperatorError("RESOURCE_UNKNOWN", `${kind.word} "${name}" not found`);
  }
  return await chooseResource(context, kind, fits, automatic);
}

const anyResource = (): boolean => true;

/** The Job of `keyword=`, or one that the operator chooses. */
export function selectJob(
  context: CommandContext,
  args: Arguments,
  keyword = "job",
  fits: (job: JobResource) => boolean = anyResource,
): Promise<JobResource> {
  return resourceFor(context, jobKind, args.value(keyword), fits, false);
}

/** The Client of `keyword=`, or one that the operator chooses. */
export function selectClient(context: CommandContext, args: Arguments, keyword = "client"): Promise<ClientResource> {
  return resourceFor(context, clientKind, args.value(keyword), anyResource);
}

/** The Storage of `keyword=`, or one that the operator chooses. */
export function selectStorage(context: CommandContext, args: Arguments, keyword = "storage"): Promise<StorageResource> {
  return resourceFor(context, storageKind, args.value(keyword), anyResource);
}

/** The Pool of `keyword=`, or one that the operator chooses. */
export function selectPool(context: CommandContext, args: Arguments, keyword = "pool"): Promise<PoolResource> {
  return resourceFor(context, poolKind, args.value(keyword), anyResource);
}

/** The FileSet of `keyword=`, or one that the operator chooses. */
export function selectFileSet(context: CommandContext, args: Arguments, keyword = "fileset"): Promise<FileSetResource> {
  return resourceFor(context, fileSetKind, args.value(keyword), anyResource);
}

/** Resources by name, for keywords that may not be asked for. Each throws RESOURCE_UNKNOWN or COMMAND_DENIED. */
export const named = {
  job: (context: CommandContext, name: string): JobResource => lookup(context, jobKind, name),
  client: (context: CommandContext, name: string): ClientResource => lookup(context, clientKind, name),
  storage: (context: CommandContext, name: string): StorageResource => lookup(context, storageKind, name),
  pool: (context: CommandContext, name: string): PoolResource => lookup(context, poolKind, name),
  fileSet: (context: CommandContext, name: string): FileSetResource => lookup(context, fileSetKind, name),
} as const;

function lookup<R>(context: CommandContext, kind: Kind<R>, name: string): R {
  requireAccess(context.operator, { kind: kind.access, name });
  const found = kind.all(context).get(name);
  if (found === undefined) throw new OperatorError("RESOURCE_UNKNOWN", `${kind.word} "${name}" not found`);
  return found;
}

/** Names that the operator may see, in the order of the configuration: dot commands, completion. */
export function visibleNames(context: CommandContext, kind: "job" | "client" | "storage" | "pool" | "fileSet"): string[] {
  const kinds = { job: jobKind, client: clientKind, storage: storageKind, pool: poolKind, fileSet: fileSetKind } as const;
  return [...visible<unknown>(context, kinds[kind]).keys()];
}
