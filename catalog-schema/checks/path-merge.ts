import { sql } from "kysely";
import type { CatalogWriter } from "../database/backend.ts";
import type { CatalogSession } from "../queries/delete.ts";
import { isTooDeep, parentPath } from "../database/split-name.ts";
import { distinctValues } from "./check.ts";

/** The row of a path, made with all above it if it is not there. Also rows that exist get the link to their parent. */
export async function ensurePath(tx: CatalogWriter, path: string): Promise<number> {
  const { pathId } = await findOrInsert(tx, path);
  if (isTooDeep(path)) return pathId;
  let child = pathId;
  for (let parent = parentPath(path); parent !== null; parent = parentPath(parent)) {
    const linked = await tx.reader
      .selectFrom("PathHierarchy")
      .innerJoin("Path", "Path.PathId", "PathHierarchy.PPathId")
      .select("PPathId")
      .where("PathHierarchy.PathId", "=", child)
      .executeTakeFirst();
    if (linked !== undefined) break;
    const above = await findOrInsert(tx, parent);
    await tx.writer.deleteFrom("PathHierarchy").where("PathId", "=", child).execute();
    await tx.writer.insertInto("PathHierarchy").values({ PathId: child, PPathId: above.pathId }).execute();
    child = above.pathId;
  }
  return pathId;
}

async function findOrInsert(tx: CatalogWriter, path: string): Promise<{ readonly pathId: number }> {
  const found = await tx.reader.selectFrom("Path").select("PathId").where("Path", "=", path).executeTakeFirst();
  if (found !== undefined) return { pathId: found.PathId };
  const { insertId } = await tx.writer.insertInto("Path").values({ Path: path }).executeTakeFirstOrThrow();
  return { pathId: Number(insertId) };
}

/** Puts everything that refers to path `from` under path `to`, and deletes the row `from`. */
export async function mergePath(catalog: CatalogSession, from: number, to: number): Promise<void> {
  for await (const jobId of distinctValues(catalog, "File", "JobId"))
    await sql`UPDATE File SET PathId = ${to} WHERE JobId = ${jobId} AND PathId = ${from}`.execute(catalog.writer);
  await catalog.transaction(
    async (tx) => {
      await sql`UPDATE UnsavedFiles SET PathId = ${to} WHERE PathId = ${from}`.execute(tx.writer);
      await sql`INSERT INTO PathVisibility (JobId, PathId, Size, Files)
        SELECT v.JobId, ${to}, 0, 0 FROM PathVisibility v WHERE v.PathId = ${from}
          AND NOT EXISTS (SELECT 1 FROM PathVisibility w WHERE w.JobId = v.JobId AND w.PathId = ${to})`.execute(tx.writer);
      await tx.writer.deleteFrom("PathVisibility").where("PathId", "=", from).execute();
      await tx.writer.deleteFrom("PathHierarchy").where("PathId", "=", from).execute();
      await tx.writer.updateTable("PathHierarchy").set({ PPathId: to }).where("PPathId", "=", from).execute();
      await tx.writer.deleteFrom("Path").where("PathId", "=", from).execute();
    },
    { idempotent: true },
  );
}
