import type { CatalogResource } from "./catalog.ts";
import { checkDirector } from "./check.ts";
import type { ClientResource } from "./client.ts";
import type { ConsoleResource } from "./console.ts";
import type { CounterResource } from "./counter.ts";
import type { DirectorResource } from "./director.ts";
import { fileSetBlockTables, type FileSetResource } from "./file-set.ts";
import { inheritJobDefs } from "./job-defs.ts";
import type { JobDefsResource, JobResource } from "./job.ts";
import { choosePoolByClient } from "./pool-by-client.ts";
import type { PoolResource } from "./pool.ts";
import { directorTables } from "./resources.ts";
import { runScriptTable } from "./run-script.ts";
import type { ScheduleResource } from "./schedule.ts";
import type { StorageResource } from "./storage.ts";
import { loadConfigFile, loadConfigText, type LoadedConfig, type LoadOptions, type ProgramLanguage } from "#lib/config/load.ts";
import type { MessagesResource } from "#lib/config/message-routes.ts";
import { only } from "#lib/config/requirements.ts";
import type { StatisticsResource } from "#lib/config/statistics-resource.ts";

/** The configuration of a Director: every reference is the resource itself. Maps are in the order of the file. */
export interface DirectorConfig extends LoadedConfig {
  readonly director: DirectorResource;
  readonly jobs: ReadonlyMap<string, JobResource>;
  readonly jobDefs: ReadonlyMap<string, JobDefsResource>;
  readonly clients: ReadonlyMap<string, ClientResource>;
  /** Storage and Autochanger resources. */
  readonly storages: ReadonlyMap<string, StorageResource>;
  readonly pools: ReadonlyMap<string, PoolResource>;
  readonly schedules: ReadonlyMap<string, ScheduleResource>;
  readonly fileSets: ReadonlyMap<string, FileSetResource>;
  readonly catalogs: ReadonlyMap<string, CatalogResource>;
  readonly messages: ReadonlyMap<string, MessagesResource>;
  readonly consoles: ReadonlyMap<string, ConsoleResource>;
  readonly counters: ReadonlyMap<string, CounterResource>;
  readonly statistics: ReadonlyMap<string, StatisticsResource>;
}

/** The language of bacula-dir.conf. */
export const directorLanguage: ProgramLanguage = {
  fileName: "bacula-dir.conf",
  tables: directorTables,
  blockTables: [...fileSetBlockTables, runScriptTable],
  inherit: (raws, problems) => {
    inheritJobDefs(raws, problems);
    choosePoolByClient(raws, problems);
  },
  check: checkDirector,
};

/** Reads the Director's configuration. Throws ConfigError with all errors. */
export async function loadDirectorConfig(path: string, options: LoadOptions = {}): Promise<DirectorConfig> {
  return typed(await loadConfigFile(directorLanguage, path, options));
}

/** The same for a text in memory; `file` is the name that messages show. */
export async function parseDirectorConfig(
  text: string,
  file = "bacula-dir.conf",
  options: LoadOptions = {},
): Promise<DirectorConfig> {
  return typed(await loadConfigText(directorLanguage, text, file, options));
}

function typed(loaded: LoadedConfig): DirectorConfig {
  const { resources } = loaded;
  return {
    ...loaded,
    director: only(resources.of<DirectorResource>("Director")),
    jobs: resources.of("Job"),
    jobDefs: resources.of("JobDefs"),
    clients: resources.of("Client"),
    storages: resources.of("Storage"),
    pools: resources.of("Pool"),
    schedules: resources.of("Schedule"),
    fileSets: resources.of("FileSet"),
    catalogs: resources.of("Catalog"),
    messages: resources.of("Messages"),
    consoles: resources.of("Console"),
    counters: resources.of("Counter"),
    statistics: resources.of("Statistics"),
  };
}
