import type { Kysely } from "kysely";
import { impossible } from "#lib/base/assert.ts";
import type { RowStream } from "../database/sql-connection.ts";
import type { Dialect } from "../migrations/ddl.ts";
import type { Tables } from "../schema/tables.ts";
import type { RowSource } from "../database/backend.ts";
import { jobsQuery, jobSumsQuery, jobTotalsQuery } from "./list-jobs.ts";
import { baseFilesQuery, filesQuery } from "./list-files.ts";
import { mediaQuery } from "./list-media.ts";
import type { Compiles, ListOf, ListRequest } from "./list-request.ts";

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

function jobMediaQuery(db: Kysely<Tables>, request: ListOf<"jobmedia">, isLong: boolean): Compiles {
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

function fileMediaQuery(db: Kysely<Tables>, request: ListOf<"filemedia">): Compiles {
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

function poolsQuery(db: Kysely<Tables>, request: ListOf<"pools">, isLong: boolean): Compiles {
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
    .select(["LabelType", "ActionOnPurge", "CacheRetention", "MigrationHighBytes", "MigrationLowBytes", "MigrationTime"])
    .select((e) =>
      // The one that the next job goes on with, as far as is known.
      e
        .selectFrom("Media")
        .select("Media.VolumeName")
        .whereRef("Media.PoolId", "=", "Pool.PoolId")
        .where("Media.VolStatus", "=", "Append")
        .where("Media.Enabled", "=", 1)
        .where("Media.LastWritten", "is not", null)
        .orderBy("Media.LastWritten", "desc")
        .orderBy("Media.MediaId")
        .limit(1)
        .as("CurrentVolume"),
    );
}

function clientsQuery(db: Kysely<Tables>, request: ListOf<"clients">, isLong: boolean): Compiles {
  let query = db.selectFrom("Client").orderBy("ClientId");
  if (request.name !== undefined) query = query.where("Name", "=", request.name);
  return isLong
    ? query.select(["ClientId", "Name", "Uname", "AutoPrune", "FileRetention", "JobRetention"])
    : query.select(["ClientId", "Name", "FileRetention", "JobRetention"]);
}

function copiesQuery(db: Kysely<Tables>, request: ListOf<"copies">): Compiles {
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

function eventsQuery(db: Kysely<Tables>, request: ListOf<"events">, isLong: boolean): Compiles {
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

function objectsQuery(db: Kysely<Tables>, request: ListOf<"objects">, isLong: boolean): Compiles {
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
