import type { CatalogReader } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import type { MediaRow, VolumeStatus } from "../schema/media.ts";

/** What the catalog holds of the runs of one job name for one client. */
export interface JobSummary {
  readonly name: string;
  /** 0: the runs ended before their client was known. */
  readonly clientId: number;
  /** JobIds of the newest run that ended well, of the newest such Full, and of the newest that ended at all. */
  readonly lastGood: number | null;
  readonly lastFull: number | null;
  readonly lastEnded: number | null;
  /** Good runs, and their bytes as stored. */
  readonly goodJobs: number;
  readonly goodBytes: number;
}

/** Types that are watched: backups, verifications, and the jobs of the Director itself. Restores and copies are not. */
const TYPES = ["B", "V", "D", "c", "g"];
const GOOD = ["T", "W"] as const;
const FAILED = ["E", "e", "f", "A", "D", "I"];

/** Failed runs that are looked at, the newest. */
const FAILED_MAX = 10_000;

/** Ids in one statement. */
const IDS_PER_STATEMENT = 1000;

/** One row for each job name and client that has run. */
export async function summarizeJobs(r: CatalogReader): Promise<JobSummary[]> {
  return await r.reader
    .selectFrom("Job")
    .select((e) => {
      const isGood = e("JobStatus", "in", GOOD);
      const idIf = (condition: typeof isGood) => e.fn.max<number | null>(e.case().when(condition).then(e.ref("JobId")).end());
      return [
        "Name as name",
        "ClientId as clientId",
        idIf(isGood).as("lastGood"),
        idIf(e.and([isGood, e("Level", "=", "F")])).as("lastFull"),
        idIf(e("JobStatus", "in", [...GOOD, ...FAILED])).as("lastEnded"),
        e.fn.coalesce(e.fn.sum<number>(e.case().when(isGood).then(e.lit(1)).else(e.lit(0)).end()), e.lit(0)).as("goodJobs"),
        e.fn
          .coalesce(e.fn.sum<number>(e.case().when(isGood).then(e.ref("JobBytes")).else(e.lit(0)).end()), e.lit(0))
          .as("goodBytes"),
      ];
    })
    .where("Type", "in", TYPES)
    .groupBy(["Name", "ClientId"])
    .execute();
}

/** The newest failed runs, newest first: to be counted against the last good one. */
export async function listFailedRuns(r: CatalogReader): Promise<Pick<JobRow, "JobId" | "Name" | "ClientId">[]> {
  return await r.reader
    .selectFrom("Job")
    .select(["JobId", "Name", "ClientId"])
    .where("Type", "in", TYPES)
    .where("JobStatus", "in", FAILED)
    .orderBy("JobId", "desc")
    .limit(FAILED_MAX)
    .execute();
}

/** What is told of one run. */
export type RunRow = Pick<
  JobRow,
  "JobId" | "Level" | "JobStatus" | "SchedTime" | "StartTime" | "JobTDate" | "JobFiles" | "JobBytes"
>;

/** Runs by JobId. */
export async function findRuns(r: CatalogReader, jobIds: readonly number[]): Promise<ReadonlyMap<number, RunRow>> {
  const runs = new Map<number, RunRow>();
  for (let at = 0; at < jobIds.length; at += IDS_PER_STATEMENT) {
    const rows = await r.reader
      .selectFrom("Job")
      .select(["JobId", "Level", "JobStatus", "SchedTime", "StartTime", "JobTDate", "JobFiles", "JobBytes"])
      .where("JobId", "in", jobIds.slice(at, at + IDS_PER_STATEMENT))
      .execute();
    for (const row of rows) runs.set(row.JobId, row);
  }
  return runs;
}

/** A Volume that cannot be trusted. */
export type BadVolume = Pick<MediaRow, "VolumeName" | "VolStatus" | "VolErrors" | "LastWritten"> & {
  readonly pool: string | null;
  readonly storage: string | null;
  /** Damaged blocks that the last reading found. */
  readonly badBlocks: number;
};

/** Volumes in Error, and those in which a reading found damage, by number; at most `limit`. */
export async function listBadVolumes(r: CatalogReader, limit: number): Promise<BadVolume[]> {
  const inError: VolumeStatus = "Error";
  return await r.reader
    .selectFrom("Media")
    .leftJoin("Pool", "Pool.PoolId", "Media.PoolId")
    .leftJoin("Storage", "Storage.StorageId", "Media.StorageId")
    .leftJoin("NocturneMedia", "NocturneMedia.MediaId", "Media.MediaId")
    .select((e) => [
      "Media.VolumeName",
      "Media.VolStatus",
      "Media.VolErrors",
      "Media.LastWritten",
      "Pool.Name as pool",
      "Storage.Name as storage",
      e.fn.coalesce("NocturneMedia.BadBlocks", e.lit(0)).as("badBlocks"),
    ])
    .where((e) => e.or([e("Media.VolStatus", "=", inError), e("NocturneMedia.BadBlocks", ">", 0)]))
    .orderBy("Media.MediaId")
    .limit(limit)
    .execute();
}
