import { must } from "#lib/base/assert.ts";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import { insertUnlessThere } from "../database/insert-unless-there.ts";
import type { StorageRow } from "../schema/media.ts";

/** Creates or updates the row of a Storage resource. */
export async function ensureStorage(
  w: CatalogWriter,
  record: { readonly Name: string; readonly AutoChanger: number },
): Promise<StorageRow> {
  const { Name, AutoChanger } = record;
  await insertUnlessThere(
    async () => (await findStorageOn(w.writer, Name)) !== null,
    async () => await w.writer.insertInto("Storage").values({ Name, AutoChanger }).execute(),
  );
  const row = must(await findStorageOn(w.writer, Name), `storage ${Name}`);
  if (row.AutoChanger === AutoChanger) return row;
  await w.writer.updateTable("Storage").set({ AutoChanger }).where("StorageId", "=", row.StorageId).execute();
  return { ...row, AutoChanger };
}

/** The storage of this name. */
export async function findStorage(r: CatalogReader, name: string): Promise<StorageRow | null> {
  return await findStorageOn(r.reader, name);
}

/** The storage of this number. */
export async function findStorageById(r: CatalogReader, storageId: number): Promise<StorageRow | null> {
  return (await r.reader.selectFrom("Storage").selectAll().where("StorageId", "=", storageId).executeTakeFirst()) ?? null;
}

/** Storages that wrote the Volumes on which jobs of a client lie, by StorageId. */
export async function listStoragesOfClient(r: CatalogReader, clientId: number): Promise<number[]> {
  const rows = await r.reader
    .selectFrom("Job")
    .innerJoin("JobMedia", "JobMedia.JobId", "Job.JobId")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .select("Media.StorageId")
    .distinct()
    .where("Job.ClientId", "=", clientId)
    .execute();
  return rows.map((row) => row.StorageId);
}

/** Number of a Media Type, recorded if it is new. */
export async function ensureMediaType(w: CatalogWriter, mediaType: string): Promise<number> {
  const find = async (): Promise<number | undefined> =>
    (await w.writer.selectFrom("MediaType").select("MediaTypeId").where("MediaType", "=", mediaType).executeTakeFirst())
      ?.MediaTypeId;
  await insertUnlessThere(
    async () => (await find()) !== undefined,
    async () => await w.writer.insertInto("MediaType").values({ MediaType: mediaType }).execute(),
  );
  return must(await find(), `Media Type ${mediaType}`);
}

async function findStorageOn(db: CatalogReader["reader"], name: string): Promise<StorageRow | null> {
  return (await db.selectFrom("Storage").selectAll().where("Name", "=", name).executeTakeFirst()) ?? null;
}
