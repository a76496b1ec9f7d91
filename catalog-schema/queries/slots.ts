import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { MediaRow } from "../schema/media.ts";

/** A slot of a library. */
export interface CatalogSlot {
  readonly storageId: number;
  readonly slot: number;
}

/** Notes that a Volume lies in a slot: no other Volume does any more, as far as the catalog knows. In one transaction with the reader's. */
export async function putInSlot(w: CatalogWriter, mediaId: number, { storageId, slot }: CatalogSlot): Promise<void> {
  await w.writer
    .updateTable("Media")
    .set({ InChanger: 0 })
    .where("StorageId", "=", storageId)
    .where("Slot", "=", slot)
    .where("InChanger", "=", 1)
    .where("MediaId", "!=", mediaId)
    .execute();
  await w.writer
    .updateTable("Media")
    .set({ InChanger: 1, Slot: slot, StorageId: storageId })
    .where("MediaId", "=", mediaId)
    .execute();
}

/** Notes that a Volume is no longer in its library. Where it lay is kept for people. */
export async function takeFromSlot(w: CatalogWriter, mediaId: number): Promise<void> {
  await w.writer.updateTable("Media").set({ InChanger: 0 }).where("MediaId", "=", mediaId).execute();
}

/** The Volumes that are in a library, by slot. */
export async function listInChanger(r: CatalogReader, storageId: number): Promise<MediaRow[]> {
  return await r.reader
    .selectFrom("Media")
    .selectAll()
    .where("StorageId", "=", storageId)
    .where("InChanger", "=", 1)
    .orderBy("Slot")
    .orderBy("MediaId")
    .execute();
}
