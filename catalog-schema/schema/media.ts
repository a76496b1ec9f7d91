import {
  count,
  datetime,
  flag,
  givenCount,
  integer,
  name,
  optionalText,
  serial,
  table,
  text,
  word,
  type RowOf,
} from "./table.ts";

/** The words of Media.VolStatus. */
export const volumeStatuses = [
  "Full",
  "Archive",
  "Append",
  "Recycle",
  "Purged",
  "Read-Only",
  "Disabled",
  "Error",
  "Busy",
  "Used",
  "Cleaning",
  "Scratch",
] as const;
export type VolumeStatus = (typeof volumeStatuses)[number];

/** Volumes. */
export const mediaTable = table(
  "Media",
  "Volumes",
  {
    MediaId: serial("unique Volume number"),
    VolumeName: name("unique Volume name"),
    Slot: integer("slot in the autochanger, 0 none"),
    PoolId: count("-> Pool"),
    MediaType: name("Media Type"),
    MediaTypeId: count("-> MediaType"),
    LabelType: flag("0 Bacula, 1 ANSI, 2 IBM"),
    FirstWritten: datetime("first write since it was labelled or recycled"),
    LastWritten: datetime("last write; the clock of retention"),
    LabelDate: datetime("time of the label"),
    VolJobs: count("jobs on the Volume"),
    VolFiles: count("file marks of a tape, chunks of a disk Volume"),
    VolBlocks: count("blocks"),
    VolParts: count("parts of a cloud Volume"),
    VolCloudParts: count("parts that are in the cloud"),
    VolMounts: count("times mounted"),
    VolBytes: count("bytes of the Volume, label included"),
    VolABytes: count("aligned data bytes"),
    VolAPadding: count("padding of aligned data"),
    VolHoleBytes: count("bytes of holes"),
    VolHoles: count("holes"),
    LastPartBytes: count("bytes of the last part"),
    VolType: count("device type: 1 File, 2 Tape, 4 FIFO, 11 Null, 15 Dedup or Btrfs"),
    VolErrors: count("errors while writing"),
    VolWrites: count("write calls"),
    VolCapacityBytes: count("capacity if known"),
    VolStatus: word("status word", volumeStatuses),
    Enabled: flag("0 no, 1 yes, 2 archived", 1),
    Recycle: flag("1 when it may be recycled"),
    ActionOnPurge: flag("bit 0: truncate when purged"),
    CacheRetention: count("seconds that a cloud cache is kept"),
    VolRetention: count("seconds that its jobs are kept"),
    VolUseDuration: count("seconds that it may be appended to"),
    MaxVolJobs: count("limit of jobs, 0 none"),
    MaxVolFiles: count("limit of files, 0 none"),
    MaxVolBytes: count("limit of bytes, 0 none"),
    InChanger: flag("1 when it lies in the autochanger"),
    StorageId: count("-> Storage"),
    DeviceId: count("-> Device"),
    MediaAddressing: flag("kind of addresses"),
    VolReadTime: count("time spent reading, microseconds"),
    VolWriteTime: count("time spent writing, microseconds"),
    EndFile: count("file (high half of the address) of the last write"),
    EndBlock: count("block (low half of the address) of the last write"),
    LocationId: count("-> Location"),
    RecycleCount: count("times recycled"),
    InitialWrite: datetime("very first write"),
    ScratchPoolId: count("-> Pool"),
    RecyclePoolId: count("-> Pool"),
    Comment: optionalText("free text"),
  },
  {
    indices: [
      { name: "media_volumename_idx", columns: ["VolumeName"], isUnique: true, why: "a Volume name exists once" },
      { name: "media_poolid_idx", columns: ["PoolId"], why: "Volumes of a pool" },
      { name: "media_storageid_idx", columns: ["StorageId"], why: "Volumes of a storage" },
    ],
  },
);
export type MediaRow = RowOf<typeof mediaTable>;

/** Tags that operators give to Volumes. */
export const tagMediaTable = table(
  "TagMedia",
  "tags on Volumes",
  { MediaId: count("-> Media"), Tag: name("the tag") },
  { primaryKey: ["MediaId", "Tag"] },
);

/** Media Types that have been seen. */
export const mediaTypeTable = table(
  "MediaType",
  "Media Types that have been seen",
  {
    MediaTypeId: serial("row number"),
    MediaType: name("name"),
    ReadOnly: flag("1 when never written"),
  },
  { indices: [{ name: "mediatype_name_idx", columns: ["MediaType"], isUnique: true, why: "one row a name" }] },
);

/** Storage resources that have been seen. */
export const storageTable = table(
  "Storage",
  "Storage resources that have been seen",
  {
    StorageId: serial("row number"),
    Name: name("name of the resource"),
    AutoChanger: flag("1 when it is an autochanger"),
  },
  { indices: [{ name: "storage_name_idx", columns: ["Name"], isUnique: true, why: "one row a name" }] },
);
export type StorageRow = RowOf<typeof storageTable>;

/** Counters of devices; kept for tools that read the table. */
export const deviceTable = table("Device", "counters of devices", {
  DeviceId: serial("row number"),
  Name: name("name of the device"),
  MediaTypeId: count("-> MediaType"),
  StorageId: count("-> Storage"),
  DevMounts: count("mounts"),
  DevReadBytes: count("bytes read"),
  DevWriteBytes: count("bytes written"),
  DevReadBytesSinceCleaning: count("bytes read since cleaning"),
  DevWriteBytesSinceCleaning: count("bytes written since cleaning"),
  DevReadTime: count("time spent reading"),
  DevWriteTime: count("time spent writing"),
  DevReadTimeSinceCleaning: count("time spent reading since cleaning"),
  DevWriteTimeSinceCleaning: count("time spent writing since cleaning"),
  CleaningDate: datetime("last cleaning"),
  CleaningPeriod: count("seconds between cleanings"),
});

/** Places where Volumes are kept. */
export const locationTable = table("Location", "places where Volumes are kept", {
  LocationId: serial("row number"),
  Location: name("name of the place"),
  Cost: integer("relative cost"),
  Enabled: flag("0 no, 1 yes, 2 archived", 1),
});

/** History of where Volumes have been. */
export const locationLogTable = table("LocationLog", "history of Volumes and places", {
  LocLogId: serial("row number"),
  Date: datetime("when"),
  Comment: text("why"),
  MediaId: count("-> Media"),
  LocationId: count("-> Location"),
  NewVolStatus: word("status after the move", volumeStatuses),
  NewEnabled: flag("Enabled after the move"),
});

/** Unused; kept for tools that name it. */
export const cdImagesTable = table(
  "CDImages",
  "unused",
  { MediaId: givenCount("-> Media"), LastBurn: datetime("unused") },
  { primaryKey: ["MediaId"] },
);
