import { loadConfigFile, loadConfigText, type LoadedConfig, type LoadOptions, type ProgramLanguage } from "#lib/config/load.ts";
import type { ProblemList } from "#lib/config/problem.ts";
import { checkTls, requireSome } from "#lib/config/requirements.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import { consoleTable, type ConsoleResource } from "./console.ts";
import { directorTable, type DirectorResource } from "./director.ts";

/** The configuration of bconsole. Maps are in the order of the file. */
export interface ConsoleConfig extends LoadedConfig {
  readonly directors: ReadonlyMap<string, DirectorResource>;
  readonly consoles: ReadonlyMap<string, ConsoleResource>;
}

/** The language of bconsole.conf. */
export const consoleLanguage: ProgramLanguage = {
  fileName: "bconsole.conf",
  tables: [directorTable, consoleTable],
  blockTables: [],
  check: checkConsole,
};

/** Reads bconsole's configuration. Throws ConfigError with all errors. */
export async function loadConsoleConfig(path: string, options: LoadOptions = {}): Promise<ConsoleConfig> {
  return typed(await loadConfigFile(consoleLanguage, path, options));
}

/** The same for a text in memory; `file` is the name that messages show. */
export async function parseConsoleConfig(
  text: string,
  file = "bconsole.conf",
  options: LoadOptions = {},
): Promise<ConsoleConfig> {
  return typed(await loadConfigText(consoleLanguage, text, file, options));
}

function typed(loaded: LoadedConfig): ConsoleConfig {
  return { ...loaded, directors: loaded.resources.of("Director"), consoles: loaded.resources.of("Console") };
}

function checkConsole(resources: ResourceSet, problems: ProblemList): void {
  requireSome(resources, "Director", problems);
  for (const director of resources.of<DirectorResource>("Director").values()) checkTls(director, problems);
  for (const console of resources.of<ConsoleResource>("Console").values()) checkTls(console, problems);
}
