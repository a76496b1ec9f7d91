import { sql, type CompiledQuery, type Kysely } from "kysely";
import { impossible } from "#lib/base/assert.ts";
import type { RowStream } from "../database/sql-connection.ts";
import type { Dialect } from "../migrations/ddl.ts";
import type { Tables } from "../schema/tables.ts";
import type { RowSource } from "../database/backend.ts";
import { jobsQuery, jobSumsQuery, jobTotalsQuery } from "./list-jobs.ts";
import type { ListRequest } from "./list-request.ts";

type Of<Kind extends ListRequest["kind"]> = Extract<ListRequest, { kind: Kind }>;
interface Compiles {
  compile(): CompiledQuery;
}

/** Rows that `list` or `llist` prints, with the columns that Bacula prints, in its order. Rows come in pages. */
export async function listRows(source: RowSource, request: ListRequest, signal?: AbortSignal): Promise<RowStream> {
  return await source.streamRows(listQuery(source.reader, source.dialect, request).compile(), signal);
}

/** Each request is one statement. */
function listQuery(db: Kysely<Tables>, dialect: Dialect, request: ListRequest): Compiles {
  const isLong = request.long === true;
  switch (request.kind) {
    case "jobs":
      return jobsQuery(db, request, isLong);
    case "jobtotals":
      return jobTotalsQuery(db, request);
    case "jobsums":
      return jobSumsQuery(db, request);
    case "files":
      return filesQuery(db, dialect, request);
    case "basefiles":
      return baseFilesQuery(db, dialect, request);
    case "jobmedia":
      return jobMediaQuery(db, request, isLong);
    case "filemedia":
      return fileMediaQuery(db, request);
    case "joblog":
      return db
        .selectFrom("Log")
        .select(isLong ? ["Time", "LogText"] : ["LogText"])
        .where("JobId", "=", request.jobId)
        .orderBy("LogId");
    case "media":
      return mediaQuery(db, dialect, request, isLong);
    case "pools":
      return poolsQuery(db, request, isLong);
    case "clients":
      return clientsQuery(db, request, isLong);
    case "copies":
      return copiesQuery(db, request);
    case "filesets":
      return db.selectFrom("FileSet").select(["FileSetId", "FileSet", "MD5", "CreateTime"]).orderBy("FileSetId");
    case "storages":
      return db.selectFrom("Storage").select(["StorageId", "Name", "AutoChanger"]).orderBy("StorageId");
    case "counters":
      return db
        .selectFrom("Counters")
        .select(["Counter", "MinValue", "MaxValue", "CurrentValue", "WrapCounter"])
        .orderBy("Counter");
    case "events":
      return eventsQuery(db, request, isLong);
    case "objects":
      return objectsQuery(db, request, isLong);
    case "restoreobjects":
      return db
        .selectFrom("RestoreObject")
        .select(["JobId", "RestoreObjectId", "ObjectName", "PluginName", "ObjectType"])
        .where("JobId", "=", request.jobId)
        .orderBy("ObjectIndex");
    case "snapshots":
      return db
        .selectFrom("Snapshot")
        .select(["SnapshotId", "Name", "CreateDate", "ClientId", "Device", "Type"])
        .orderBy("SnapshotId");
    default:
      return impossible(request, "listQuery");
  }
}

/** Text of the first, then of the second; as bytes, for a name that is not valid UTF-8 is only whole as bytes. */
function concatenated(dialect: Dialect, first: string, second: string) {
  return dialect === "mysql"
    ? sql<string>`CONCAT(${sql.ref(first)}, ${sql.ref(second)})`
    : sql<string>`CAST(${sql.ref(first)} || ${sql.ref(second)} AS BLOB)`;
}

/** In the order of the index, directory by directory: no sorting of millions. */
function filesQuery(db: Kysely<Tables>, dialect: Dialect, request: Of<"files">): Compiles {
  const query = db
    .selectFrom("File")
    .innerJoin("Path", "Path.PathId", "File.PathId")
    .select(concatenated(dialect, "Path.Path", "File.Filename").as("Filename"))
    .where("File.JobId", "=", request.jobId);
  if (request.which === "all") return query;
  return request.which === "deleted" ? query.where("File.FileIndex", "<=", 0) : query.where("File.FileIndex", ">", 0);
}

function baseFilesQuery(db: Kysely<Tables>, dialect: Dialect, request: Of<"basefiles">): Compiles {
  return db
    .selectFrom("BaseFiles")
    .innerJoin("File", "File.FileId", "BaseFiles.FileId")
    .innerJoin("Path", "Path.PathId", "File.PathId")
    .select(concatenated(dialect, "Path.Path", "File.Filename").as("Filename"))
    .where("BaseFiles.JobId", "=", request.jobId);
}

function jobMediaQuery(db: Kysely<Tables>, request: Of<"jobmedia">, isLong: boolean): Compiles {
  let query = db.selectFrom("JobMedia").innerJoin("Media", "Media.MediaId", "JobMedia.MediaId").orderBy("JobMedia.JobMediaId");
  if (request.jobId !== undefined) query = query.where("JobMedia.JobId", "=", request.jobId);
  if (request.volume !== undefined) query = query.where("Media.VolumeName", "=", request.volume);
  if (!isLong) return query.select(["JobMedia.JobId", "Media.VolumeName", "JobMedia.FirstIndex", "JobMedia.LastIndex"]);
  return query
    .select([
      "JobMedia.JobMediaId",
      "JobMedia.JobId",
      "Media.MediaId",
      "Media.VolumeName",
      "JobMedia.FirstIndex",
      "JobMedia.LastIndex",
    ])
    .select(["JobMedia.StartFile", "JobMedia.EndFile", "JobMedia.StartBlock", "JobMedia.EndBlock", "JobMedia.VolIndex"]);
}

function fileMediaQuery(db: Kysely<Tables>, request: Of<"filemedia">): Compiles {
  const query = db
    .selectFrom("FileMedia")
    .innerJoin("Media", "Media.MediaId", "FileMedia.MediaId")
    .select([
      "FileMedia.JobId",
      "FileMedia.FileIndex",
      "Media.VolumeName",
      "FileMedia.BlockAddress",
      "FileMedia.RecordNo",
      "FileMedia.FileOffset",
    ])
    .where("FileMedia.JobId", "=", request.jobId)
    .orderBy("FileMedia.FileMediaId");
  return request.fileIndex === undefined ? query : query.where("FileMedia.FileIndex", "=", request.fileIndex);
}

function mediaQuery(db: Kysely<Tables>, dialect: Dialect, request: Of<"media">, isLong: boolean): Compiles {
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
      .select(expires);
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
    .select("Comment");
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

function poolsQuery(db: Kysely<Tables>, request: Of<"pools">, isLong: boolean): Compiles {
  let query = db.selectFrom("Pool").orderBy("PoolId");
  if (request.name !== undefined) query = query.where("Name", "=", request.name);
  if (!isLong)
    return query.select([
      "PoolId",
      "Name",
      "NumVols",
      "MaxVols",
      "MaxVolBytes",
      "VolRetention",
      "Enabled",
      "PoolType",
      "LabelFormat",
    ]);
  return query
    .select([
      "PoolId",
      "Name",
      "NumVols",
      "MaxVols",
      "UseOnce",
      "UseCatalog",
      "AcceptAnyVolume",
      "VolRetention",
      "VolUseDuration",
      "MaxVolJobs",
      "MaxVolFiles",
    ])
    .select([
      "MaxVolBytes",
      "MaxPoolBytes",
      "AutoPrune",
      "Recycle",
      "PoolType",
      "LabelFormat",
      "Enabled",
      "ScratchPoolId",
      "RecyclePoolId",
      "NextPoolId",
    ])
    .select(["LabelType", "ActionOnPurge", "CacheRetention", "MigrationHighBytes", "MigrationLowBytes", "MigrationTime"]);
}

function clientsQuery(db: Kysely<Tables>, request: Of<"clients">, isLong: boolean): Compiles {
  let query = db.selectFrom("Client").orderBy("ClientId");
  if (request.name !== undefined) query = query.where("Name", "=", request.name);
  return isLong
    ? query.select(["ClientId", "Name", "Uname", "AutoPrune", "FileRetention", "JobRetention"])
    : query.select(["ClientId", "Name", "FileRetention", "JobRetention"]);
}

function copiesQuery(db: Kysely<Tables>, request: Of<"copies">): Compiles {
  let query = db
    .selectFrom("Job")
    .innerJoin("JobMedia", "JobMedia.JobId", "Job.JobId")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .select(["Job.PriorJobId as JobId", "Job.Job", "Job.JobId as CopyJobId", "Media.MediaType"])
    .distinct()
    .where("Job.Type", "=", "C")
    .orderBy("Job.PriorJobId", "desc");
  const { jobIds } = request;
  if (jobIds !== undefined && jobIds.length > 0)
    query = query.where((e) => e.or([e("Job.PriorJobId", "in", [...jobIds]), e("Job.JobId", "in", [...jobIds])]));
  return request.limit === undefined ? query : query.limit(request.limit);
}

function eventsQuery(db: Kysely<Tables>, request: Of<"events">, isLong: boolean): Compiles {
  let query = db
    .selectFrom("Events")
    .orderBy("EventsId", request.order ?? "asc")
    .limit(request.limit ?? Number.MAX_SAFE_INTEGER)
    .offset(request.offset ?? 0);
  if (request.type !== undefined) query = query.where("EventsType", "=", request.type);
  if (request.source !== undefined) query = query.where("EventsSource", "=", request.source);
  if (request.daemon !== undefined) query = query.where("EventsDaemon", "=", request.daemon);
  if (request.code !== undefined) query = query.where("EventsCode", "=", request.code);
  if (request.since !== undefined) query = query.where("EventsTime", ">=", request.since);
  if (request.until !== undefined) query = query.where("EventsTime", "<", request.until);
  if (!isLong)
    return query.select([
      "EventsTime as Time",
      "EventsDaemon as Daemon",
      "EventsType as Type",
      "EventsSource as Source",
      "EventsText as Event",
    ]);
  return query.select([
    "EventsTime as Time",
    "EventsInsertTime as InsertTime",
    "EventsCode as Code",
    "EventsDaemon as Daemon",
    "EventsRef as Ref",
    "EventsType as Type",
    "EventsSource as Source",
    "EventsText as Text",
  ]);
}

function objectsQuery(db: Kysely<Tables>, request: Of<"objects">, isLong: boolean): Compiles {
  let query = db.selectFrom("Object").orderBy("ObjectId");
  if (request.jobId !== undefined) query = query.where("JobId", "=", request.jobId);
  if (!isLong) return query.select(["JobId", "ObjectId", "ObjectCategory", "ObjectType", "ObjectName", "ObjectStatus"]);
  return query.select([
    "ObjectId",
    "JobId",
    "Path",
    "Filename",
    "PluginName",
    "ObjectCategory",
    "ObjectType",
    "ObjectName",
    "ObjectSource",
    "ObjectUUID",
    "ObjectSize",
    "ObjectStatus",
    "ObjectCount",
  ]);
}
