import { sql, type ExpressionBuilder, type Kysely } from "kysely";
import type { Dialect } from "../migrations/ddl.ts";
import type { Tables } from "../schema/tables.ts";
import type { Compiles, ListOf } from "./list-request.ts";

/** Volumes as `list media` and `llist media` show them. */
export function mediaQuery(db: Kysely<Tables>, dialect: Dialect, request: ListOf<"media">, isLong: boolean): Compiles {
  let query = db.selectFrom("Media").orderBy("Media.MediaId");
  const { pool, jobId } = request;
  if (pool !== undefined)
    query = query.where("Media.PoolId", "in", (e) => e.selectFrom("Pool").select("Pool.PoolId").where("Pool.Name", "=", pool));
  if (request.volume !== undefined) query = query.where("Media.VolumeName", "=", request.volume);
  if (jobId !== undefined)
    query = query.where("Media.MediaId", "in", (e) =>
      e.selectFrom("JobMedia").select("JobMedia.MediaId").where("JobMedia.JobId", "=", jobId),
    );
  const expires = expiresIn(dialect, request.now).as("ExpiresIn");
  if (!isLong) {
    return query
      .select([
        "MediaId",
        "VolumeName",
        "VolStatus",
        "Enabled",
        "VolBytes",
        "VolFiles",
        "VolRetention",
        "Recycle",
        "Slot",
        "InChanger",
        "MediaType",
        "VolType",
        "VolParts",
        "LastWritten",
      ])
      .select(expires)
      .$if(request.withCapacity === true, (shown) => shown.select(["VolCapacityBytes", percentUsed(dialect).as("PctUsed")]));
  }
  return query
    .select([
      "MediaId",
      "VolumeName",
      "Slot",
      "PoolId",
      "MediaType",
      "MediaTypeId",
      "FirstWritten",
      "LastWritten",
      "LabelDate",
      "VolJobs",
      "VolFiles",
      "VolBlocks",
    ])
    .select([
      "VolParts",
      "VolCloudParts",
      "CacheRetention",
      "VolMounts",
      "VolBytes",
      "VolABytes",
      "VolAPadding",
      "VolHoleBytes",
      "VolHoles",
      "LastPartBytes",
    ])
    .select([
      "VolErrors",
      "VolWrites",
      "VolCapacityBytes",
      "VolStatus",
      "Enabled",
      "Recycle",
      "VolRetention",
      "VolUseDuration",
      "MaxVolJobs",
      "MaxVolFiles",
    ])
    .select([
      "MaxVolBytes",
      "InChanger",
      "EndFile",
      "EndBlock",
      "VolType",
      "LabelType",
      "StorageId",
      "DeviceId",
      "MediaAddressing",
      "VolReadTime",
      "VolWriteTime",
    ])
    .select(["LocationId", "RecycleCount", "InitialWrite", "ScratchPoolId", "RecyclePoolId", "ActionOnPurge"])
    .select(expires)
    .select("Comment")
    .select(percentUsed(dialect).as("PctUsed"))
    .select((e) => [
      care(e, "Precious", 0),
      care(e, "MaxWrites", 0),
      care(e, "Writes", 0),
      care(e, "LastVerified", null),
      care(e, "BadBlocks", 0),
    ]);
}

/** How full the Volume is, in percent of what its medium or its limit holds; null where neither is known. */
function percentUsed(dialect: Dialect) {
  const divided = dialect === "mysql" ? sql`DIV` : sql`/`;
  return sql<
    number | null
  >`CASE WHEN VolCapacityBytes > 0 AND (MaxVolBytes = 0 OR VolCapacityBytes < MaxVolBytes) THEN VolBytes * 100 ${divided} VolCapacityBytes
    WHEN MaxVolBytes > 0 THEN VolBytes * 100 ${divided} MaxVolBytes ELSE NULL END`;
}

/** A column of what this product keeps beside the row; a Volume without has the initial value. */
function care(
  e: ExpressionBuilder<Tables, "Media">,
  column: "Precious" | "MaxWrites" | "Writes" | "LastVerified" | "BadBlocks",
  initial: number | null,
) {
  const kept = e.selectFrom("NocturneMedia").select(column).whereRef("NocturneMedia.MediaId", "=", "Media.MediaId");
  return sql<number | string | null>`COALESCE((${kept}), ${initial === null ? sql.lit(null) : sql.lit(initial)})`.as(column);
}

/** Seconds until the retention of the Volume ends; 0 when it has ended, or has not begun. */
function expiresIn(dialect: Dialect, now: string) {
  const age =
    dialect === "mysql"
      ? sql<number>`TIMESTAMPDIFF(SECOND, LastWritten, ${now})`
      : sql<number>`(CAST(strftime('%s', ${now}) AS INTEGER) - CAST(strftime('%s', LastWritten) AS INTEGER))`;
  const retention = dialect === "mysql" ? sql`CAST(VolRetention AS SIGNED)` : sql`VolRetention`;
  return sql<number>`CASE WHEN LastWritten IS NULL OR VolRetention = 0 OR ${age} > ${retention} THEN 0 ELSE ${retention} - ${age} END`;
}
