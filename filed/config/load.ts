import { loadConfigFile, loadConfigText, type LoadedConfig, type LoadOptions, type ProgramLanguage } from "#lib/config/load.ts";
import type { MessagesResource } from "#lib/config/message-routes.ts";
import type { ProblemList } from "#lib/config/problem.ts";
import { checkAddresses, checkStatistics, checkTls, only, requireOne, requireSome } from "#lib/config/requirements.ts";
import type { ResourceSet } from "#lib/config/resolve.ts";
import type { StatisticsResource } from "#lib/config/statistics-resource.ts";
import type { ConsoleResource } from "./console.ts";
import type { DirectorResource } from "./director.ts";
import type { FileDaemonResource } from "./file-daemon.ts";
import { fileDaemonTables } from "./resources.ts";
import type { ScheduleResource } from "./schedule.ts";

/** The configuration of a file daemon: every reference is the resource itself. Maps are in the order of the file. */
export interface FileDaemonConfig extends LoadedConfig {
  readonly fileDaemon: FileDaemonResource;
  readonly directors: ReadonlyMap<string, DirectorResource>;
  readonly consoles: ReadonlyMap<string, ConsoleResource>;
  readonly schedules: ReadonlyMap<string, ScheduleResource>;
  readonly messages: ReadonlyMap<string, MessagesResource>;
  readonly statistics: ReadonlyMap<string, StatisticsResource>;
}

/** The language of bacula-fd.conf. */
export const fileDaemonLanguage: ProgramLanguage = {
  fileName: "bacula-fd.conf",
  tables: fileDaemonTables,
  blockTables: [],
  check: checkFileDaemon,
};

/** Reads the file daemon's configuration. Throws ConfigError with all errors. */
export async function loadFileDaemonConfig(path: string, options: LoadOptions = {}): Promise<FileDaemonConfig> {
  return typed(await loadConfigFile(fileDaemonLanguage, path, options));
}

/** The same for a text in memory; `file` is the name that messages show. */
export async function parseFileDaemonConfig(
  text: string,
  file = "bacula-fd.conf",
  options: LoadOptions = {},
): Promise<FileDaemonConfig> {
  return typed(await loadConfigText(fileDaemonLanguage, text, file, options));
}

function typed(loaded: LoadedConfig): FileDaemonConfig {
  const { resources } = loaded;
  return {
    ...loaded,
    fileDaemon: only(resources.of<FileDaemonResource>("FileDaemon")),
    directors: resources.of("Director"),
    consoles: resources.of("Console"),
    schedules: resources.of("Schedule"),
    messages: resources.of("Messages"),
    statistics: resources.of("Statistics"),
  };
}

function checkFileDaemon(resources: ResourceSet, problems: ProblemList): void {
  requireOne(resources, "FileDaemon", problems);
  requireSome(resources, "Director", problems);
  for (const daemon of resources.of<FileDaemonResource>("FileDaemon").values()) {
    checkAddresses(daemon, { address: "fdAddress", addresses: "fdAddresses" }, problems);
    checkTls(daemon, problems);
  }
  for (const director of resources.of<DirectorResource>("Director").values()) checkTls(director, problems);
  for (const statistics of resources.of<StatisticsResource>("Statistics").values()) checkStatistics(statistics, problems);
}
