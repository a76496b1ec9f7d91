import { datetime, integer, name, optionalText, serial, table } from "./table.ts";

/** Snapshots made on clients. */
export const snapshotTable = table(
  "Snapshot",
  "snapshots made on clients",
  {
    SnapshotId: serial("row number"),
    Name: name("name"),
    JobId: integer("-> Job"),
    FileSetId: integer("-> FileSet"),
    CreateTDate: integer("unix seconds"),
    CreateDate: datetime("the same as local time"),
    ClientId: integer("-> Client"),
    Volume: name("what was snapshotted"),
    Device: name("where it lies"),
    Type: name("kind of snapshot"),
    Retention: integer("seconds that it is kept"),
    Comment: optionalText("free text"),
  },
  { indices: [{ name: "snapshot_idx", columns: ["Device", "Volume", "Name"], isUnique: true, why: "a snapshot exists once" }] },
);
