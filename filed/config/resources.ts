import { messagesTable, type MessagesResource } from "#lib/config/message-routes.ts";
import { statisticsTable, type StatisticsResource } from "#lib/config/statistics-resource.ts";
import { consoleTable, type ConsoleResource } from "./console.ts";
import { directorTable, type DirectorResource } from "./director.ts";
import { clientTable, fileDaemonTable, type FileDaemonResource } from "./file-daemon.ts";
import { scheduleTable, type ScheduleResource } from "./schedule.ts";

/** Resource types of the file daemon by the name that references use. */
export interface FileDaemonResources {
  readonly FileDaemon: FileDaemonResource;
  readonly Director: DirectorResource;
  readonly Console: ConsoleResource;
  readonly Schedule: ScheduleResource;
  readonly Messages: MessagesResource;
  readonly Statistics: StatisticsResource;
}

/** Every resource type that bacula-fd.conf may hold. */
export const fileDaemonTables = [
  fileDaemonTable,
  clientTable,
  directorTable,
  consoleTable,
  scheduleTable,
  messagesTable([]),
  statisticsTable,
] as const;
