import type { Insertable } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { JobMediaRow } from "../schema/job-media.ts";
import type { Tables } from "../schema/tables.ts";

/** A region as the storage daemon reports it. */
export type NewJobMedia = Omit<Insertable<Tables["JobMedia"]>, "JobMediaId" | "JobId">;

/** A Volume of a job, in the order in which the job wrote it. */
export interface JobVolume {
  readonly MediaId: number;
  readonly VolumeName: string;
  readonly MediaType: string;
  readonly StorageId: number;
  readonly Slot: number;
  readonly InChanger: number;
  readonly FirstIndex: number;
  readonly LastIndex: number;
}

/** A region with the Volume it lies on. */
export type JobRegion = JobMediaRow & {
  readonly VolumeName: string;
  readonly MediaType: string;
  readonly StorageId: number;
  readonly Slot: number;
  readonly InChanger: number;
};

/** Adds regions. */
export async function insertJobMedia(
  w: CatalogWriter,
  rows: readonly (NewJobMedia & { readonly JobId: number })[],
): Promise<void> {
  if (rows.length > 0)
    await w.writer
      .insertInto("JobMedia")
      .values([...rows])
      .execute();
}

/** Regions of the jobs with their Volumes, by job and in the order written. */
export async function listJobRegions(r: CatalogReader, jobIds: readonly number[]): Promise<JobRegion[]> {
  if (jobIds.length === 0) return [];
  return await r.reader
    .selectFrom("JobMedia")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .selectAll("JobMedia")
    .select(["Media.VolumeName", "Media.MediaType", "Media.StorageId", "Media.Slot", "Media.InChanger"])
    .where("JobMedia.JobId", "in", [...jobIds])
    .orderBy("JobMedia.JobId")
    .orderBy("JobMedia.VolIndex")
    .orderBy("JobMedia.JobMediaId")
    .execute();
}

/** Volumes of a job in the order written, each once. */
export async function listVolumesOfJob(r: CatalogReader, jobId: number): Promise<JobVolume[]> {
  return await listVolumesOfJobs(r, [jobId]);
}

/** Volumes of several jobs, each once, in the order in which a restore of these jobs, in this order, reads them. */
export async function listVolumesOfJobs(r: CatalogReader, jobIds: readonly number[]): Promise<JobVolume[]> {
  const regions = await listJobRegions(r, jobIds);
  const volumes = new Map<number, JobVolume>();
  for (const jobId of jobIds) {
    for (const region of regions.filter((each) => each.JobId === jobId)) {
      const known = volumes.get(region.MediaId);
      volumes.set(region.MediaId, {
        MediaId: region.MediaId,
        VolumeName: region.VolumeName,
        MediaType: region.MediaType,
        StorageId: region.StorageId,
        Slot: region.Slot,
        InChanger: region.InChanger,
        FirstIndex: Math.min(known?.FirstIndex ?? region.FirstIndex, region.FirstIndex),
        LastIndex: Math.max(known?.LastIndex ?? region.LastIndex, region.LastIndex),
      });
    }
  }
  return [...volumes.values()];
}

/** Jobs that lie on a Volume, oldest first. */
export async function listJobIdsOfVolume(r: CatalogReader, mediaId: number): Promise<number[]> {
  const rows = await r.reader
    .selectFrom("JobMedia")
    .select("JobId")
    .distinct()
    .where("MediaId", "=", mediaId)
    .orderBy("JobId")
    .execute();
  return rows.map((row) => row.JobId);
}

/** Highest VolIndex of a job so far; 0 when it has written nothing. */
export async function lastVolIndex(r: CatalogReader, jobId: number): Promise<number> {
  const row = await r.reader
    .selectFrom("JobMedia")
    .select((e) => e.fn.max("VolIndex").as("last"))
    .where("JobId", "=", jobId)
    .executeTakeFirst();
  return row?.last ?? 0;
}
