import { OperatorError } from "../errors/operator-error.ts";
import type { BlockTable, ResourceTable } from "./define-resource.ts";
import { systemHost, type ConfigHost } from "./host.ts";
import { parseBlocks } from "./parser.ts";
import { formatProblem, ProblemList, type ConfigProblem } from "./problem.ts";
import { ResourceReader, type RawResource } from "./read-resource.ts";
import { resolveResources, withoutDoubles, type ResourceSet } from "./resolve.ts";
import { readTokens, tokensOfText, type TokenRun } from "./tokens.ts";

/** The configuration language of one program. */
export interface ProgramLanguage {
  /** Name of its configuration file. */
  readonly fileName: string;
  readonly tables: readonly ResourceTable[];
  /** Tables of nested blocks, for the coverage table. */
  readonly blockTables: readonly BlockTable[];
  /** Changes raw resources before defaults and requirements apply (JobDefs). */
  readonly inherit?: (raws: readonly RawResource[], problems: ProblemList) => void;
  /** Checks that concern several directives or resources. */
  readonly check?: (resources: ResourceSet, problems: ProblemList) => void;
}

/** What every program's configuration carries besides its resources. */
export interface LoadedConfig {
  /** Every file that was read. */
  readonly files: readonly string[];
  readonly resources: ResourceSet;
  /** Doubtful things, and directives that are accepted but not acted upon. */
  readonly warnings: readonly ConfigProblem[];
}

/** Options of the loaders; tests give a host of their own. */
export interface LoadOptions {
  readonly host?: ConfigHost;
}

/**
 * Reads a configuration file. Throws ConfigError with every error of the file and of what it includes, or OperatorError
 * CONFIG_UNREADABLE.
 */
export async function loadConfigFile(
  language: ProgramLanguage,
  path: string,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const host = options.host ?? systemHost;
  const problems = new ProblemList();
  const run = await readTokens(path, host, problems);
  if (run.files.length === 0) {
    throw new OperatorError("CONFIG_UNREADABLE", problems.all.map(formatProblem).join("\n"), { hint: "-c FILE names another" });
  }
  return finish(language, run, host, problems);
}

/** The same for a text in memory; `file` is the name that messages show. */
export async function loadConfigText(
  language: ProgramLanguage,
  text: string,
  file: string,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const host = options.host ?? systemHost;
  const problems = new ProblemList();
  return finish(language, await tokensOfText(text, file, host, problems), host, problems);
}

function finish(language: ProgramLanguage, run: TokenRun, host: ConfigHost, problems: ProblemList): LoadedConfig {
  const blocks = parseBlocks(run.tokens, problems);
  const reader = new ResourceReader(language.tables, host, problems);
  const read = blocks.map((block) => reader.resource(block)).filter((raw) => raw !== undefined);
  const raws = withoutDoubles(read, problems);
  language.inherit?.(raws, problems);
  const resources = resolveResources(raws, problems);
  if (!problems.hasErrors) language.check?.(resources, problems);
  problems.throwIfErrors();
  for (const { resource, keyword, at, acts, deprecated } of reader.used) {
    const message = deprecated ?? (acts ? undefined : "it is accepted, but not acted upon yet");
    if (message !== undefined) problems.add({ severity: "warning", at, resource, directive: keyword, message });
  }
  return { files: run.files, resources, warnings: problems.all.filter((problem) => problem.severity === "warning") };
}
