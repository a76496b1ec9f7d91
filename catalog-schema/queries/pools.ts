import type { Insertable } from "kysely";
import { must } from "#lib/base/assert.ts";
import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import { insertUnlessThere } from "../database/insert-unless-there.ts";
import type { PoolRow } from "../schema/pool.ts";
import type { Tables } from "../schema/tables.ts";

/** A Pool resource; NumVols is counted, not given. */
export type PoolRecord = Omit<Insertable<Tables["Pool"]>, "PoolId" | "NumVols">;

/** Creates the row of a pool, or makes it agree with its resource. */
export async function ensurePool(w: CatalogWriter, record: PoolRecord): Promise<PoolRow> {
  const isNew = await insertUnlessThere(
    async () => (await findPoolOn(w.writer, record.Name)) !== null,
    async () =>
      await w.writer
        .insertInto("Pool")
        .values({ LabelFormat: "", ...record })
        .execute(),
  );
  if (!isNew) await w.writer.updateTable("Pool").set(record).where("Name", "=", record.Name).execute();
  return must(await findPoolOn(w.writer, record.Name), `pool ${record.Name}`);
}

/** The pool of this name. */
export async function findPool(r: CatalogReader, name: string): Promise<PoolRow | null> {
  return await findPoolOn(r.reader, name);
}

/** The pool of this number. */
export async function findPoolById(r: CatalogReader, poolId: number): Promise<PoolRow | null> {
  return (await r.reader.selectFrom("Pool").selectAll().where("PoolId", "=", poolId).executeTakeFirst()) ?? null;
}

/** All pools by number. */
export async function listPools(r: CatalogReader): Promise<PoolRow[]> {
  return await r.reader.selectFrom("Pool").selectAll().orderBy("PoolId").execute();
}

async function findPoolOn(db: CatalogReader["reader"], name: string): Promise<PoolRow | null> {
  return (await db.selectFrom("Pool").selectAll().where("Name", "=", name).executeTakeFirst()) ?? null;
}
