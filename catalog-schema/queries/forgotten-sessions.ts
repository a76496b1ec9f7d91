import { sql } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import { formatLocalTime } from "../database/local-time.ts";
import type { ForgottenSessionRow } from "../schema/nocturne.ts";

/** Media.VolType of a Volume whose file data lies in a store of chunks (Device Type Dedup or Btrfs). */
export const DEDUP_VOLUME_TYPE = 15;

/** Ids in one DELETE. */
const IDS_PER_STATEMENT = 1000;

/**
 * Notes the saved sessions of a job that is about to be deleted, or that failed, for each of its Volumes that has a store of chunks. In the
 * transaction that deletes, and before its JobMedia rows go. A job of which no Volume is known may all the same have ended well at a storage daemon
 * that was given up for lost: its session is noted for every store that its Pool has Volumes of.
 */
export async function rememberForgottenSessions(tx: CatalogWriter, jobId: number): Promise<void> {
  const now = formatLocalTime(new Date());
  await sql`INSERT INTO NocturneForgottenSession (StorageId, VolumeName, VolSessionId, VolSessionTime, ForgottenAt)
    SELECT DISTINCT Media.StorageId, Media.VolumeName, Job.VolSessionId, Job.VolSessionTime, ${now}
    FROM JobMedia JOIN Media ON Media.MediaId = JobMedia.MediaId JOIN Job ON Job.JobId = JobMedia.JobId
    WHERE JobMedia.JobId = ${jobId} AND Media.VolType = ${DEDUP_VOLUME_TYPE} AND Job.VolSessionTime > 0`.execute(tx.writer);
  await sql`INSERT INTO NocturneForgottenSession (StorageId, VolumeName, VolSessionId, VolSessionTime, ForgottenAt)
    SELECT DISTINCT Media.StorageId, '', Job.VolSessionId, Job.VolSessionTime, ${now}
    FROM Job JOIN Media ON Media.PoolId = Job.PoolId
    WHERE Job.JobId = ${jobId} AND Job.Type = 'B' AND Media.VolType = ${DEDUP_VOLUME_TYPE} AND Job.VolSessionTime > 0
      AND NOT EXISTS (SELECT 1 FROM JobMedia WHERE JobMedia.JobId = ${jobId})`.execute(tx.writer);
}

/** Storages whose daemons have sessions to forget, by their names. A name is null where the Storage row is gone. */
export async function listForgetfulStorages(
  r: CatalogReader,
): Promise<{ readonly StorageId: number; readonly Name: string | null }[]> {
  return await r.reader
    .selectFrom("NocturneForgottenSession")
    .leftJoin("Storage", "Storage.StorageId", "NocturneForgottenSession.StorageId")
    .select(["NocturneForgottenSession.StorageId", "Storage.Name"])
    .distinct()
    .orderBy("NocturneForgottenSession.StorageId")
    .execute();
}

/** Sessions that a storage daemon has still to forget, in the order in which they were given up. */
export async function listForgottenSessions(
  r: CatalogReader,
  storageId: number,
  limit: number,
): Promise<ForgottenSessionRow[]> {
  return await r.reader
    .selectFrom("NocturneForgottenSession")
    .selectAll()
    .where("StorageId", "=", storageId)
    .orderBy("ForgottenSessionId")
    .limit(limit)
    .execute();
}

/** Removes what a storage daemon has acknowledged. */
export async function removeForgottenSessions(w: CatalogWriter, ids: readonly number[]): Promise<void> {
  for (let at = 0; at < ids.length; at += IDS_PER_STATEMENT)
    await w.writer
      .deleteFrom("NocturneForgottenSession")
      .where("ForgottenSessionId", "in", ids.slice(at, at + IDS_PER_STATEMENT))
      .execute();
}
