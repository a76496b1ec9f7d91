import { messagesTable, type MessagesResource } from "#lib/config/message-routes.ts";
import { statisticsTable, type StatisticsResource } from "#lib/config/statistics-resource.ts";
import { catalogTable, type CatalogResource } from "./catalog.ts";
import { clientTable, type ClientResource } from "./client.ts";
import { consoleTable, type ConsoleResource } from "./console.ts";
import { counterTable, type CounterResource } from "./counter.ts";
import { directorTable, type DirectorResource } from "./director.ts";
import { fileSetTable, type FileSetResource } from "./file-set.ts";
import { jobDefsTable, jobTable, type JobDefsResource, type JobResource } from "./job.ts";
import { poolTable, type PoolResource } from "./pool.ts";
import { scheduleTable, type ScheduleResource } from "./schedule.ts";
import { autochangerTable, storageTable, type StorageResource } from "./storage.ts";

/** Resource types of the Director by the name that references use. */
export interface DirectorResources {
  readonly Director: DirectorResource;
  readonly Catalog: CatalogResource;
  readonly Client: ClientResource;
  readonly Console: ConsoleResource;
  readonly Counter: CounterResource;
  readonly FileSet: FileSetResource;
  readonly Job: JobResource;
  readonly JobDefs: JobDefsResource;
  readonly Messages: MessagesResource;
  readonly Pool: PoolResource;
  readonly Schedule: ScheduleResource;
  readonly Statistics: StatisticsResource;
  readonly Storage: StorageResource;
}

/** Where the Director sends messages today. */
const actingDestinations = ["File", "Append", "Stdout", "Stderr", "Director", "Console", "Catalog"] as const;

/** Every resource type that bacula-dir.conf may hold. */
export const directorTables = [
  directorTable, jobTable, jobDefsTable, clientTable, storageTable, autochangerTable, poolTable, scheduleTable, fileSetTable,
  catalogTable, messagesTable(actingDestinations), consoleTable, counterTable, statisticsTable,
] as const; // prettier-ignore
