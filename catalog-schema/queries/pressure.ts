import { sql } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { MediaRow } from "../schema/media.ts";
import type { NocturneSpaceRow } from "../schema/nocturne.ts";
import type { Series } from "./retention.ts";

/** Days of room that are kept. */
const SPACE_DAYS_KEPT = 800;

/** All Volumes of these Storages, by number. */
export async function listMediaOfStorages(r: CatalogReader, storageIds: readonly number[]): Promise<MediaRow[]> {
  if (storageIds.length === 0) return [];
  return await r.reader
    .selectFrom("Media")
    .selectAll()
    .where("StorageId", "in", [...storageIds])
    .orderBy("MediaId")
    .execute();
}

/** Which jobs lie on which of the Volumes of these Storages. */
export async function listPlacesOfStorages(
  r: CatalogReader,
  storageIds: readonly number[],
): Promise<{ readonly jobId: number; readonly mediaId: number }[]> {
  if (storageIds.length === 0) return [];
  return await r.reader
    .selectFrom("JobMedia")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .select(["JobMedia.JobId as jobId", "JobMedia.MediaId as mediaId"])
    .distinct()
    .where("Media.StorageId", "in", [...storageIds])
    .execute();
}

/** Clients and FileSet names with a backup on a Volume of these Storages. */
export async function listSeriesOfStorages(r: CatalogReader, storageIds: readonly number[]): Promise<Series[]> {
  if (storageIds.length === 0) return [];
  return await r.reader
    .selectFrom("JobMedia")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .innerJoin("Job", "Job.JobId", "JobMedia.JobId")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select((e) => ["Job.ClientId as clientId", e.fn.coalesce("FileSet.FileSet", e.val("")).as("fileSet")])
    .distinct()
    .where("Media.StorageId", "in", [...storageIds])
    .where("Job.Type", "in", ["B", "C"])
    .execute();
}

/** Jobs with data on archived Volumes (Enabled = 2), each with the name of one of these. */
export async function listJobsOnArchived(r: CatalogReader): Promise<ReadonlyMap<number, string>> {
  const rows = await r.reader
    .selectFrom("Media")
    .innerJoin("JobMedia", "JobMedia.MediaId", "Media.MediaId")
    .select(["JobMedia.JobId", "Media.VolumeName"])
    .distinct()
    .where("Media.Enabled", "=", 2)
    .execute();
  return new Map(rows.map((row) => [row.JobId, row.VolumeName]));
}

/** Whether a storage daemon has still to be told of sessions to forget. */
export async function hasSessionsToForget(r: CatalogReader, storageIds: readonly number[]): Promise<boolean> {
  if (storageIds.length === 0) return false;
  const row = await r.reader
    .selectFrom("NocturneForgottenSession")
    .select("ForgottenSessionId")
    .where("StorageId", "in", [...storageIds])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes the room of a device: one row a day, with the last and the lowest value of that day. Old rows go. */
export async function recordSpace(w: CatalogWriter, sample: Omit<NocturneSpaceRow, "LowestFreeBytes">): Promise<void> {
  const { StorageName, DeviceName, Day, TotalBytes, FreeBytes } = sample;
  const { numUpdatedRows } = await w.writer
    .updateTable("NocturneSpace")
    .set({
      TotalBytes,
      FreeBytes,
      LowestFreeBytes: sql<number>`CASE WHEN LowestFreeBytes < ${FreeBytes} THEN LowestFreeBytes ELSE ${FreeBytes} END`,
    })
    .where("StorageName", "=", StorageName)
    .where("DeviceName", "=", DeviceName)
    .where("Day", "=", Day)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  // MySQL counts no row whose values stay the same.
  const found = await w.writer
    .selectFrom("NocturneSpace")
    .select("Day")
    .where("StorageName", "=", StorageName)
    .where("DeviceName", "=", DeviceName)
    .where("Day", "=", Day)
    .executeTakeFirst();
  if (found !== undefined) return;
  await w.writer
    .insertInto("NocturneSpace")
    .values({ ...sample, LowestFreeBytes: FreeBytes })
    .execute();
  await w.writer
    .deleteFrom("NocturneSpace")
    .where("Day", "<", Day - SPACE_DAYS_KEPT)
    .execute();
}
