import { count, flag, name, optionalName, serial, table, word, type RowOf } from "./table.ts";

/** The words of Pool.PoolType. */
export const poolTypes = ["Backup", "Copy", "Cloned", "Archive", "Migration", "Scratch"] as const;

/** Pools. */
export const poolTable = table(
  "Pool",
  "pools",
  {
    PoolId: serial("row number"),
    Name: name("name of the Pool resource"),
    NumVols: count("Volumes in it"),
    MaxVols: count("limit of Volumes, 0 none"),
    UseOnce: flag("1: a Volume is used for one job only"),
    UseCatalog: flag("1: file rows are kept"),
    AcceptAnyVolume: flag("1: any Volume of the pool will do"),
    VolRetention: count("seconds that jobs of a Volume are kept"),
    CacheRetention: count("seconds that a cloud cache is kept"),
    VolUseDuration: count("seconds that a Volume may be appended to"),
    MaxVolJobs: count("limit of jobs a Volume, 0 none"),
    MaxVolFiles: count("limit of files a Volume, 0 none"),
    MaxVolBytes: count("limit of bytes a Volume, 0 none"),
    MaxPoolBytes: count("limit of bytes of the pool, 0 none"),
    AutoPrune: flag("1: pruned when a Volume is wanted"),
    Recycle: flag("1: Volumes may be recycled"),
    ActionOnPurge: flag("bit 0: truncate when purged"),
    PoolType: word("kind of pool", poolTypes),
    LabelType: flag("0 Bacula, 1 ANSI, 2 IBM"),
    LabelFormat: optionalName("how new Volumes are named"),
    Enabled: flag("1: in use", 1),
    ScratchPoolId: count("-> Pool that Volumes are taken from"),
    RecyclePoolId: count("-> Pool that purged Volumes go to"),
    NextPoolId: count("-> Pool that copies go to"),
    MigrationHighBytes: count("migrate when above"),
    MigrationLowBytes: count("migrate until below"),
    MigrationTime: count("migrate jobs older than, seconds"),
  },
  { indices: [{ name: "pool_name_idx", columns: ["Name"], isUnique: true, why: "one row a name" }] },
);
export type PoolRow = RowOf<typeof poolTable>;
