import { count, datetime, flag, givenCount, int32, name, serial, table, text, type RowOf } from "./table.ts";

/** Bacula's schema version, for tools that look at it. */
export const versionTable = table(
  "Version",
  "schema version that Bacula's tools look at",
  { VersionId: givenCount("1024") },
  { primaryKey: ["VersionId"] },
);

/** Our own schema version: one row. */
export const nocturneVersionTable = table(
  "NocturneVersion",
  "schema version of this product, one row",
  {
    VersionId: givenCount("see migrations/migrate.ts"),
    UpdatedAt: datetime("when the catalog came to this version"),
  },
  { primaryKey: ["VersionId"] },
);

/** How far the event log of a daemon's half of a job has been applied; written in the transaction that applies. */
export const nocturneJobEventTable = table(
  "NocturneJobEvent",
  "how far the event log of a daemon's half of a job has been applied",
  {
    JobId: givenCount("-> Job"),
    Daemon: name("which half: sd, fd, or the name of a daemon"),
    LastEvent: count("number of the last applied event"),
    LastFileIndex: int32("FileIndex of the last file row; its digest may come with the next event"),
    LastPathId: count("PathId of that row"),
    LastFilename: text("Filename of that row"),
  },
  { primaryKey: ["JobId", "Daemon"] },
);

/** Jobs that run now, with what a restarted Director needs to follow them again. */
export const nocturneRunningJobTable = table(
  "NocturneRunningJob",
  "jobs that run now, with what a restarted Director needs",
  {
    JobId: givenCount("-> Job"),
    State: text("JSON of the Director"),
    UpdatedAt: datetime("when it was written"),
  },
  { primaryKey: ["JobId"] },
);
export type RunningJobRow = RowOf<typeof nocturneRunningJobTable>;

/** Saved sessions of jobs that were deleted, which a store of chunks has still to forget; written in the transaction that deletes. */
export const nocturneForgottenSessionTable = table(
  "NocturneForgottenSession",
  "saved sessions of deleted jobs, kept until their storage daemon has freed the space",
  {
    ForgottenSessionId: serial("row number"),
    StorageId: count("-> Storage"),
    VolumeName: name("Volume that the session lies on, which may be deleted itself; empty if that is not known"),
    VolSessionId: count("session number of the job"),
    VolSessionTime: count("start of the storage daemon that wrote it, unix seconds"),
    ForgottenAt: datetime("when the job was deleted"),
  },
  {
    indices: [
      { name: "nocturneforgotten_storageid_idx", columns: ["StorageId"], why: "what one storage daemon has to forget" },
    ],
  },
);
export type ForgottenSessionRow = RowOf<typeof nocturneForgottenSessionTable>;

/** What Bacula's Media row has no column for. A Volume without a row here has the initial values. */
export const nocturneMediaTable = table(
  "NocturneMedia",
  "what this product keeps of a Volume beside its Media row",
  {
    MediaId: givenCount("-> Media"),
    Precious: flag("1: never recycled, pruned, purged, relabeled, deleted or appended to until an operator says so"),
    MaxWrites: count("times the medium may be written from its beginning; 0: no limit"),
    Writes: count("times it was written from its beginning, counted at each label"),
    LastVerified: datetime("when the whole medium was last read and found good"),
    BadBlocks: count("damaged blocks that the last reading found"),
  },
  { primaryKey: ["MediaId"] },
);
export type NocturneMediaRow = RowOf<typeof nocturneMediaTable>;

/** Room on the file systems of devices over time, at most one row a device and day: what a forecast is made from. */
export const nocturneSpaceTable = table(
  "NocturneSpace",
  "room on the file systems of devices, a row a device and day",
  {
    StorageName: name("Storage resource"),
    DeviceName: name("device of its storage daemon"),
    Day: count("days since 1970-01-01, UTC"),
    TotalBytes: count("size of the file system"),
    FreeBytes: count("free bytes at the last look of that day"),
    LowestFreeBytes: count("fewest free bytes of that day"),
  },
  {
    primaryKey: ["StorageName", "DeviceName", "Day"],
  },
);
export type NocturneSpaceRow = RowOf<typeof nocturneSpaceTable>;
