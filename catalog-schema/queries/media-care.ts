import { sql } from "kysely";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import { insertUnlessThere } from "../database/insert-unless-there.ts";
import type { NocturneMediaRow } from "../schema/nocturne.ts";

/** What this product keeps of a Volume beside its Media row. */
export interface MediaCare {
  /** Never recycled, pruned, purged, truncated, relabeled, deleted or appended to. */
  readonly isPrecious: boolean;
  /** Times the medium may be written from its beginning; 0: no limit. */
  readonly maxWrites: number;
  /** Times it was written from its beginning. */
  readonly writes: number;
  /** Catalog time of the last whole reading that found it good; null: never. */
  readonly lastVerified: string | null;
  /** Damaged blocks that the last reading found. */
  readonly badBlocks: number;
}

/** What may be set of it; `writes` is only counted up, by `countMediaWrite`. */
export type MediaCareChanges = Partial<Omit<MediaCare, "writes">>;

const UNTOUCHED: MediaCare = { isPrecious: false, maxWrites: 0, writes: 0, lastVerified: null, badBlocks: 0 };

/** Ids in one statement. */
const IDS_PER_STATEMENT = 1000;

/** What is kept of a Volume; the initial values when nothing was set yet. */
export async function findMediaCare(r: CatalogReader, mediaId: number): Promise<MediaCare> {
  const row = await r.reader.selectFrom("NocturneMedia").selectAll().where("MediaId", "=", mediaId).executeTakeFirst();
  return row === undefined ? UNTOUCHED : careOf(row);
}

/** True if the Volume is precious. */
export async function isPrecious(r: CatalogReader, mediaId: number): Promise<boolean> {
  return (await findMediaCare(r, mediaId)).isPrecious;
}

/** Those of the Volumes that are precious. */
export async function preciousAmong(r: CatalogReader, mediaIds: readonly number[]): Promise<ReadonlySet<number>> {
  const precious = new Set<number>();
  for (let at = 0; at < mediaIds.length; at += IDS_PER_STATEMENT) {
    const rows = await r.reader
      .selectFrom("NocturneMedia")
      .select("MediaId")
      .where("MediaId", "in", mediaIds.slice(at, at + IDS_PER_STATEMENT))
      .where("Precious", "=", 1)
      .execute();
    for (const row of rows) precious.add(row.MediaId);
  }
  return precious;
}

/** Sets what changed. */
export async function changeMediaCare(w: CatalogWriter, mediaId: number, changes: MediaCareChanges): Promise<void> {
  const { isPrecious: flag, maxWrites, lastVerified, badBlocks } = changes;
  const columns = {
    ...(flag === undefined ? {} : { Precious: flag ? 1 : 0 }),
    ...(maxWrites === undefined ? {} : { MaxWrites: maxWrites }),
    ...(lastVerified === undefined ? {} : { LastVerified: lastVerified }),
    ...(badBlocks === undefined ? {} : { BadBlocks: badBlocks }),
  };
  if (Object.keys(columns).length === 0) return;
  await ensureRow(w, mediaId);
  await w.writer.updateTable("NocturneMedia").set(columns).where("MediaId", "=", mediaId).execute();
}

/** Counts one more writing from the beginning, and answers how many there were. */
export async function countMediaWrite(w: CatalogWriter, mediaId: number): Promise<number> {
  await ensureRow(w, mediaId);
  await w.writer
    .updateTable("NocturneMedia")
    .set({ Writes: sql`Writes + 1` })
    .where("MediaId", "=", mediaId)
    .execute();
  const row = await w.writer.selectFrom("NocturneMedia").select("Writes").where("MediaId", "=", mediaId).executeTakeFirst();
  return row?.Writes ?? 0;
}

/** Removes what is kept of a Volume that is deleted; call it in the transaction that deletes. */
export async function forgetMediaCare(w: CatalogWriter, mediaId: number): Promise<void> {
  await w.writer.deleteFrom("NocturneMedia").where("MediaId", "=", mediaId).execute();
}

async function ensureRow(w: CatalogWriter, mediaId: number): Promise<void> {
  await insertUnlessThere(
    async () =>
      (await w.writer.selectFrom("NocturneMedia").select("MediaId").where("MediaId", "=", mediaId).executeTakeFirst()) !==
      undefined,
    async () => await w.writer.insertInto("NocturneMedia").values({ MediaId: mediaId }).execute(),
  );
}

function careOf(row: NocturneMediaRow): MediaCare {
  return {
    isPrecious: row.Precious === 1,
    maxWrites: row.MaxWrites,
    writes: row.Writes,
    lastVerified: row.LastVerified,
    badBlocks: row.BadBlocks,
  };
}
