import { clientTable, tagClientTable } from "./client.ts";
import { countersTable } from "./counters.ts";
import { fileSetTable } from "./fileset.ts";
import { fileMediaTable, jobMediaTable } from "./job-media.ts";
import { jobHistoTable, jobTable, statusTable, tagJobTable } from "./job.ts";
import { eventsTable, logTable } from "./log.ts";
import {
  cdImagesTable,
  deviceTable,
  locationLogTable,
  locationTable,
  mediaTable,
  mediaTypeTable,
  storageTable,
  tagMediaTable,
} from "./media.ts";
import {
  nocturneForgottenSessionTable,
  nocturneMediaTable,
  nocturneSpaceTable,
  nocturneJobEventTable,
  nocturneRunningJobTable,
  nocturneVersionTable,
  versionTable,
} from "./nocturne.ts";
import {
  baseFilesTable,
  fileTable,
  pathHierarchyTable,
  pathTable,
  pathVisibilityTable,
  unsavedFilesTable,
} from "./path-file.ts";
import { poolTable } from "./pool.ts";
import { objectTable, restoreObjectTable, tagObjectTable } from "./restore-object.ts";
import { snapshotTable } from "./snapshot.ts";
import type { KyselyTable, Table } from "./table.ts";

const tables = {
  BaseFiles: baseFilesTable,
  CDImages: cdImagesTable,
  Client: clientTable,
  Counters: countersTable,
  Device: deviceTable,
  Events: eventsTable,
  File: fileTable,
  FileMedia: fileMediaTable,
  FileSet: fileSetTable,
  Job: jobTable,
  JobHisto: jobHistoTable,
  JobMedia: jobMediaTable,
  Location: locationTable,
  LocationLog: locationLogTable,
  Log: logTable,
  Media: mediaTable,
  MediaType: mediaTypeTable,
  NocturneForgottenSession: nocturneForgottenSessionTable,
  NocturneMedia: nocturneMediaTable,
  NocturneSpace: nocturneSpaceTable,
  NocturneJobEvent: nocturneJobEventTable,
  NocturneRunningJob: nocturneRunningJobTable,
  NocturneVersion: nocturneVersionTable,
  Object: objectTable,
  Path: pathTable,
  PathHierarchy: pathHierarchyTable,
  PathVisibility: pathVisibilityTable,
  Pool: poolTable,
  RestoreObject: restoreObjectTable,
  Snapshot: snapshotTable,
  Status: statusTable,
  Storage: storageTable,
  TagClient: tagClientTable,
  TagJob: tagJobTable,
  TagMedia: tagMediaTable,
  TagObject: tagObjectTable,
  UnsavedFiles: unsavedFilesTable,
  Version: versionTable,
};

/** Every table of the catalog, in the order in which they are made. */
export const allTables: readonly Table[] = Object.values(tables) as readonly Table[];

/** The catalog as Kysely sees it. */
export type Tables = { [Key in keyof typeof tables]: KyselyTable<(typeof tables)[Key]> };
