import type { CatalogReader } from "../database/backend.ts";

/** Names of the written Volumes of a storage that were read and found good longest ago; those that never were come first. */
export async function listMediaToVerify(
  r: CatalogReader,
  wish: { readonly storage: string; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await r.reader
    .selectFrom("Media")
    .innerJoin("Storage", "Storage.StorageId", "Media.StorageId")
    .leftJoin("NocturneMedia", "NocturneMedia.MediaId", "Media.MediaId")
    .select(["Media.VolumeName", "NocturneMedia.LastVerified"])
    .where("Storage.Name", "=", wish.storage)
    .where("Media.VolStatus", "in", ["Append", "Full", "Used", "Read-Only", "Error"])
    .where("Media.VolJobs", ">", 0)
    .orderBy("NocturneMedia.LastVerified", "asc")
    .orderBy("Media.MediaId", "asc")
    .limit(wish.limit)
    .execute();
  return rows.map((row) => row.VolumeName);
}
