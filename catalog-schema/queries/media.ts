import { sql, type ExpressionBuilder, type Insertable, type Updateable } from "kysely";
import { must } from "#lib/base/assert.ts";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { MediaRow, VolumeStatus } from "../schema/media.ts";
import type { PoolRow } from "../schema/pool.ts";
import type { Tables } from "../schema/tables.ts";

/** What a new Volume is given; the rest has defaults. */
export type NewMedia = Omit<Insertable<Tables["Media"]>, "MediaId">;
/** What may change of a Volume. */
export type MediaChanges = Omit<Updateable<Tables["Media"]>, "MediaId">;

/** Which Volumes may be chosen for a job. */
export interface MediaWanted {
  readonly poolId: number;
  readonly mediaType: string;
  /** Only Volumes that lie in this autochanger. */
  readonly inChangerOf?: number;
  /** Volumes that were refused before. */
  readonly except?: readonly number[];
}

/** Adds a Volume and counts it in its pool. Throws DuplicateKeyError if the name is taken. */
export async function createMedia(w: CatalogWriter, media: NewMedia): Promise<MediaRow> {
  const { insertId } = await w.writer.insertInto("Media").values(media).executeTakeFirstOrThrow();
  const mediaId = Number(insertId);
  if (media.PoolId !== undefined) await refreshNumVols(w, media.PoolId);
  return must(await findMediaWhere(w.writer, "MediaId", mediaId), "the Volume just made");
}

/** The Volume of this name. */
export async function findMedia(r: CatalogReader, volumeName: string): Promise<MediaRow | null> {
  return await findMediaWhere(r.reader, "VolumeName", volumeName);
}

/** The Volume of this number. */
export async function findMediaById(r: CatalogReader, mediaId: number): Promise<MediaRow | null> {
  return await findMediaWhere(r.reader, "MediaId", mediaId);
}

/** Sets what changed. */
export async function updateMedia(w: CatalogWriter, mediaId: number, changes: MediaChanges): Promise<void> {
  if (Object.keys(changes).length > 0)
    await w.writer.updateTable("Media").set(changes).where("MediaId", "=", mediaId).execute();
}

/** Sets what changed if the Volume still has the status `from`; false if it has not. */
export async function updateMediaIfStatus(
  w: CatalogWriter,
  mediaId: number,
  from: VolumeStatus,
  changes: MediaChanges,
): Promise<boolean> {
  const { numUpdatedRows } = await w.writer
    .updateTable("Media")
    .set(changes)
    .where("MediaId", "=", mediaId)
    .where("VolStatus", "=", from)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Volumes of a pool by number. */
export async function listMediaOfPool(r: CatalogReader, poolId: number): Promise<MediaRow[]> {
  return await r.reader.selectFrom("Media").selectAll().where("PoolId", "=", poolId).orderBy("MediaId").execute();
}

/** All Volumes by number. */
export async function listMedia(r: CatalogReader): Promise<MediaRow[]> {
  return await r.reader.selectFrom("Media").selectAll().orderBy("MediaId").execute();
}

/** Volumes that may be appended to: never written ones first, then the one written last. */
export async function listAppendable(r: CatalogReader, wanted: MediaWanted, limit = 200): Promise<MediaRow[]> {
  return await candidates(r, wanted)
    .where("VolStatus", "=", "Append")
    .orderBy(sql`CASE WHEN LastWritten IS NULL THEN 0 ELSE 1 END`)
    .orderBy("LastWritten", "desc")
    .orderBy("MediaId")
    .limit(limit)
    .execute();
}

/** Volumes of status Recycle, the oldest first. */
export async function listRecyclable(r: CatalogReader, wanted: MediaWanted, limit = 200): Promise<MediaRow[]> {
  return await oldestFirst(candidates(r, wanted).where("VolStatus", "=", "Recycle").where("Recycle", "=", 1))
    .limit(limit)
    .execute();
}

/** Purged Volumes that may be recycled, the oldest first. */
export async function listPurged(r: CatalogReader, wanted: MediaWanted, limit = 200): Promise<MediaRow[]> {
  return await oldestFirst(candidates(r, wanted).where("VolStatus", "=", "Purged").where("Recycle", "=", 1))
    .limit(limit)
    .execute();
}

/**
 * Full and Used Volumes that pruning may free for this pool, the oldest first: its own, and those that come to it, or to its scratch pool, when
 * they are purged, unless their own pool is not pruned by itself. Those that are kept for ever are left out: they would stand before all others.
 */
export async function listPrunable(
  r: CatalogReader,
  wanted: MediaWanted & { readonly scratchPoolId?: number },
  limit = 200,
): Promise<MediaRow[]> {
  const comesTo = [wanted.poolId, ...(wanted.scratchPoolId === undefined ? [] : [wanted.scratchPoolId])];
  const query = r.reader
    .selectFrom("Media")
    .selectAll()
    .where((e) =>
      e.or([
        e("PoolId", "=", wanted.poolId),
        e.and([
          e("RecyclePoolId", "in", comesTo),
          e("PoolId", "in", e.selectFrom("Pool").select("Pool.PoolId").where("Pool.AutoPrune", "=", 1)),
        ]),
      ]),
    )
    .where("MediaType", "=", wanted.mediaType)
    .where("Enabled", "=", 1)
    .where("VolStatus", "in", ["Full", "Used"])
    .where("Recycle", "=", 1)
    .where("VolRetention", ">", 0)
    .where((e) => notExcepted(e, wanted.except ?? []))
    // Precious ones are only looked at to be named.
    .orderBy(
      sql`CASE WHEN EXISTS (SELECT 1 FROM NocturneMedia WHERE NocturneMedia.MediaId = Media.MediaId AND Precious = 1) THEN 1 ELSE 0 END`,
    );
  return await oldestFirst(query).limit(limit).execute();
}

/** Volumes with data that may be given up when nothing else is left, the oldest first. */
export async function listOldest(r: CatalogReader, wanted: MediaWanted, limit = 200): Promise<MediaRow[]> {
  return await oldestFirst(
    candidates(r, wanted)
      .where("VolStatus", "in", ["Full", "Append", "Used"])
      .where("Recycle", "=", 1)
      .where("LastWritten", "is not", null),
  )
    .limit(limit)
    .execute();
}

/** The Volume of a pool that a storage wrote last: the one in its drive, as far as the catalog can tell. */
export async function lastWrittenMedia(
  r: CatalogReader,
  wanted: MediaWanted & { readonly storageId: number },
): Promise<MediaRow | null> {
  const query = candidates(r, wanted).where("StorageId", "=", wanted.storageId).where("LastWritten", "is not", null);
  return (await query.orderBy("LastWritten", "desc").orderBy("MediaId", "desc").limit(1).executeTakeFirst()) ?? null;
}

/** True if the capacity of any medium is known. */
export async function knowsCapacities(r: CatalogReader): Promise<boolean> {
  const row = await r.reader
    .selectFrom("Media")
    .select("MediaId")
    .where("VolCapacityBytes", ">", 0)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Highest number of a Volume so far; 0 when there is none. Names of new Volumes count from it. */
export async function newestMediaId(r: CatalogReader): Promise<number> {
  const row = await r.reader
    .selectFrom("Media")
    .select((e) => e.fn.max("MediaId").as("newest"))
    .executeTakeFirst();
  return row?.newest ?? 0;
}

/** Makes a Volume ready to be written from its beginning; its jobs must have been purged. */
export async function recycleMedia(w: CatalogWriter, mediaId: number): Promise<void> {
  await w.writer
    .updateTable("Media")
    .set({
      VolStatus: "Recycle",
      VolJobs: 0,
      VolFiles: 0,
      VolBlocks: 0,
      VolErrors: 0,
      VolBytes: 1,
      VolABytes: 0,
      VolHoleBytes: 0,
      VolHoles: 0,
      FirstWritten: null,
      LastWritten: null,
      EndFile: 0,
      EndBlock: 0,
    })
    .set({ RecycleCount: sql`RecycleCount + 1` })
    .where("MediaId", "=", mediaId)
    .execute();
}

/** Moves a Volume to a pool and gives it the defaults of that pool; status and RecyclePool stay. */
export async function moveMedia(w: CatalogWriter, media: MediaRow, pool: PoolRow): Promise<void> {
  await updateMedia(w, media.MediaId, { PoolId: pool.PoolId, ...defaultsFromPool(pool) });
  await refreshNumVols(w, media.PoolId);
  await refreshNumVols(w, pool.PoolId);
}

/** What a Volume takes over from its pool. */
export function defaultsFromPool(pool: PoolRow): MediaChanges {
  return {
    LabelType: pool.LabelType,
    VolRetention: pool.VolRetention,
    CacheRetention: pool.CacheRetention,
    VolUseDuration: pool.VolUseDuration,
    MaxVolJobs: pool.MaxVolJobs,
    MaxVolFiles: pool.MaxVolFiles,
    MaxVolBytes: pool.MaxVolBytes,
    Recycle: pool.Recycle,
    ActionOnPurge: pool.ActionOnPurge,
  };
}

/** Counts the Volumes of a pool and stores the count in Pool.NumVols. */
export async function refreshNumVols(w: CatalogWriter, poolId: number): Promise<number> {
  const row = await w.writer
    .selectFrom("Media")
    .select((e) => e.fn.countAll<number>().as("volumes"))
    .where("PoolId", "=", poolId)
    .executeTakeFirstOrThrow();
  await w.writer.updateTable("Pool").set({ NumVols: row.volumes }).where("PoolId", "=", poolId).execute();
  return row.volumes;
}

/** Bytes of all Volumes of a pool. */
export async function sumPoolBytes(r: CatalogReader, poolId: number): Promise<number> {
  const row = await r.reader
    .selectFrom("Media")
    .select((e) => e.fn.sum<number | null>("VolBytes").as("bytes"))
    .where("PoolId", "=", poolId)
    .executeTakeFirst();
  return row?.bytes ?? 0;
}

async function findMediaWhere(
  db: CatalogReader["reader"],
  column: "MediaId" | "VolumeName",
  value: number | string,
): Promise<MediaRow | null> {
  return (await db.selectFrom("Media").selectAll().where(column, "=", value).executeTakeFirst()) ?? null;
}

function candidates(r: CatalogReader, wanted: MediaWanted) {
  const query = r.reader
    .selectFrom("Media")
    .selectAll()
    .where("PoolId", "=", wanted.poolId)
    .where("MediaType", "=", wanted.mediaType)
    .where("Enabled", "=", 1)
    .where((e) => notExcepted(e, wanted.except ?? []));
  return wanted.inChangerOf === undefined
    ? query
    : query.where("InChanger", "=", 1).where("StorageId", "=", wanted.inChangerOf);
}

function notExcepted(e: ExpressionBuilder<Tables, "Media">, except: readonly number[]) {
  return except.length === 0 ? e.lit(true) : e("MediaId", "not in", [...except]);
}

function oldestFirst<Query extends ReturnType<typeof candidates>>(query: Query) {
  return query
    .orderBy(sql`CASE WHEN LastWritten IS NULL THEN 0 ELSE 1 END`)
    .orderBy("LastWritten")
    .orderBy("MediaId");
}
