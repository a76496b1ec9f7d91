import { sql } from "kysely";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { MediaRow } from "../schema/media.ts";
import { rememberForgottenSessions } from "./forgotten-sessions.ts";
import { listJobIdsOfVolume } from "./job-media.ts";
import { forgetMediaCare } from "./media-care.ts";
import { findMediaById, refreshNumVols } from "./media.ts";

/** What deleting needs: many short steps for many rows, and one transaction at the end. */
export interface CatalogSession extends CatalogWriter {
  transaction<T>(work: (tx: CatalogWriter) => Promise<T>, options?: { readonly idempotent?: boolean }): Promise<T>;
}

/** Rows that one statement deletes at most: other writers get their turn between. */
const ROWS_PER_STEP = 20_000;

/** Deletes what the catalog knows of the files of a job; the job, its Volumes and its log stay. First it is marked, so a half done purge shows. */
export async function purgeFilesOfJob(session: CatalogSession, jobId: number): Promise<void> {
  await session.writer.updateTable("Job").set({ PurgedFiles: 1, HasCache: 0 }).where("JobId", "=", jobId).execute();
  for (const table of ["File", "FileMedia", "BaseFiles"] as const) await deleteInSteps(session, table, jobId);
  await session.writer.deleteFrom("PathVisibility").where("JobId", "=", jobId).execute();
  await session.writer.deleteFrom("TagJob").where("JobId", "=", jobId).execute();
}

/**
 * Deletes a job and everything about it, and notes what a store of chunks is to forget. If the job had been copied, its oldest copy becomes
 * the backup: the answer are the JobIds of such copies, which the caller should tell.
 */
export async function deleteJob(session: CatalogSession, jobId: number): Promise<readonly number[]> {
  await purgeFilesOfJob(session, jobId);
  await deleteInSteps(session, "Log", jobId);
  return await session.transaction(
    async (tx) => {
      const upgraded = await upgradeCopy(tx, jobId);
      await rememberForgottenSessions(tx, jobId);
      for (const table of [
        "JobMedia",
        "FileMedia",
        "RestoreObject",
        "Object",
        "NocturneJobEvent",
        "NocturneRunningJob",
        "Job",
      ] as const) {
        await tx.writer.deleteFrom(table).where("JobId", "=", jobId).execute();
      }
      return upgraded;
    },
    { idempotent: true },
  );
}

/**
 * Deletes all jobs on a Volume, whatever their age, the newest first, so that nothing is left that needs one which is gone if this is interrupted; and
 * marks it Purged. The answer: how many jobs, copies that became backups, and whether it is Purged now.
 */
export async function purgeVolume(
  session: CatalogSession,
  media: MediaRow,
): Promise<{ jobs: number; upgraded: readonly number[]; isPurged: boolean }> {
  const jobIds = await listJobIdsOfVolume(session, media.MediaId);
  const upgraded: number[] = [];
  for (const jobId of jobIds.toReversed()) upgraded.push(...(await deleteJob(session, jobId)));
  const isPurged = await markPurgedIfEmpty(session, media.MediaId);
  return { jobs: jobIds.length, upgraded, isPurged };
}

/**
 * Marks a Volume Purged if no job lies on it any more, and moves it to its RecyclePool if that has room. False when jobs remain, or when
 * it was never written and so holds nothing to purge.
 */
export async function markPurgedIfEmpty(
  session: CatalogSession,
  mediaId: number,
  options: { readonly force?: boolean } = {},
): Promise<boolean> {
  return await session.transaction(
    async (tx) => {
      const media = await findMediaById(tx, mediaId);
      if (media === null) return false;
      const wasWritten = media.FirstWritten !== null && media.LastWritten !== null;
      if (!wasWritten && options.force !== true) return false;
      const job = await tx.reader
        .selectFrom("JobMedia")
        .select("JobId")
        .where("MediaId", "=", mediaId)
        .limit(1)
        .executeTakeFirst();
      if (job !== undefined) return false;
      await tx.writer.updateTable("Media").set({ VolStatus: "Purged" }).where("MediaId", "=", mediaId).execute();
      await moveToRecyclePool(tx, media);
      return true;
    },
    { idempotent: true },
  );
}

/** Deletes a Volume and all jobs on it. */
export async function deleteVolume(
  session: CatalogSession,
  media: MediaRow,
): Promise<{ jobs: number; upgraded: readonly number[] }> {
  const jobIds = await listJobIdsOfVolume(session, media.MediaId);
  const upgraded: number[] = [];
  for (const jobId of jobIds.toReversed()) upgraded.push(...(await deleteJob(session, jobId)));
  await session.transaction(
    async (tx) => {
      for (const table of ["JobMedia", "FileMedia", "TagMedia", "Media"] as const)
        await tx.writer.deleteFrom(table).where("MediaId", "=", media.MediaId).execute();
      await forgetMediaCare(tx, media.MediaId);
      await refreshNumVols(tx, media.PoolId);
    },
    { idempotent: true },
  );
  return { jobs: jobIds.length, upgraded };
}

/** Deletes a pool. Throws CATALOG_IN_USE while it has Volumes. */
export async function deletePool(session: CatalogSession, poolId: number): Promise<void> {
  await session.transaction(
    async (tx) => {
      const volumes = await refreshNumVols(tx, poolId);
      if (volumes > 0)
        throw new OperatorError("CATALOG_IN_USE", `the pool has ${volumes} Volumes`, {
          hint: "delete them or move them to another pool first",
        });
      await tx.writer.deleteFrom("Pool").where("PoolId", "=", poolId).execute();
    },
    { idempotent: true },
  );
}

/** Deletes a client and all its jobs; the answer: how many jobs. */
export async function deleteClient(session: CatalogSession, clientId: number): Promise<number> {
  const rows = await session.reader
    .selectFrom("Job")
    .select("JobId")
    .where("ClientId", "=", clientId)
    .orderBy("JobId", "desc")
    .execute();
  for (const { JobId } of rows) await deleteJob(session, JobId);
  await session.transaction(
    async (tx) => {
      await tx.writer.deleteFrom("TagClient").where("ClientId", "=", clientId).execute();
      await tx.writer.deleteFrom("Client").where("ClientId", "=", clientId).execute();
    },
    { idempotent: true },
  );
  return rows.length;
}

/** Jobs of a client by age, of one Job resource if it is named: for purging. */
export async function listJobIdsOfClient(r: CatalogReader, clientId: number, jobName?: string): Promise<number[]> {
  let query = r.reader.selectFrom("Job").select("JobId").where("ClientId", "=", clientId);
  if (jobName !== undefined) query = query.where("Name", "=", jobName);
  return (await query.orderBy("JobId").execute()).map((row) => row.JobId);
}

async function upgradeCopy(tx: CatalogWriter, jobId: number): Promise<number[]> {
  const copy = await tx.reader
    .selectFrom("Job")
    .select("JobId")
    .where("PriorJobId", "=", jobId)
    .where("Type", "=", "C")
    .orderBy("JobId")
    .limit(1)
    .executeTakeFirst();
  if (copy === undefined) return [];
  await tx.writer.updateTable("Job").set({ Type: "B" }).where("JobId", "=", copy.JobId).execute();
  return [copy.JobId];
}

async function moveToRecyclePool(tx: CatalogWriter, media: MediaRow): Promise<void> {
  if (media.RecyclePoolId === 0 || media.RecyclePoolId === media.PoolId) return;
  const target = await tx.reader.selectFrom("Pool").selectAll().where("PoolId", "=", media.RecyclePoolId).executeTakeFirst();
  if (target === undefined || (target.MaxVols > 0 && target.NumVols >= target.MaxVols)) return;
  await tx.writer.updateTable("Media").set({ PoolId: target.PoolId }).where("MediaId", "=", media.MediaId).execute();
  await refreshNumVols(tx, media.PoolId);
  await refreshNumVols(tx, target.PoolId);
}

async function deleteInSteps(
  session: CatalogSession,
  table: "File" | "FileMedia" | "BaseFiles" | "Log",
  jobId: number,
): Promise<void> {
  const key = { File: "FileId", FileMedia: "FileMediaId", BaseFiles: "BaseId", Log: "LogId" }[table];
  const statement =
    session.dialect === "mysql"
      ? sql`DELETE FROM ${sql.table(table)} WHERE JobId = ${jobId} LIMIT ${sql.lit(ROWS_PER_STEP)}`
      : sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN (SELECT ${sql.ref(key)} FROM ${sql.table(table)} WHERE JobId = ${jobId} LIMIT ${sql.lit(ROWS_PER_STEP)})`;
  for (;;) {
    const { numAffectedRows } = await statement.execute(session.writer);
    if ((numAffectedRows ?? 0n) < BigInt(ROWS_PER_STEP)) return;
  }
}
