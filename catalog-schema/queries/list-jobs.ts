import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from "kysely";
import type { Tables } from "../schema/tables.ts";
import type { JobFilter } from "./list-request.ts";

type Where = ExpressionBuilder<Tables, "Job">;

/** Columns of `list jobs`. */
const shortColumns = [
  "Job.JobId",
  "Job.Name",
  "Job.StartTime",
  "Job.Type",
  "Job.Level",
  "Job.JobFiles",
  "Job.JobBytes",
  "Job.JobStatus",
] as const;

/** Jobs as `list jobs` and `llist jobs` show them. */
export function jobsQuery(db: Kysely<Tables>, filter: JobFilter, isLong: boolean) {
  const order = filter.order ?? "asc";
  const query = db.selectFrom("Job").where("Job.JobId", "in", matchingIds(db, filter)).orderBy("Job.JobId", order);
  if (!isLong) return query.select(shortColumns);
  return query
    .leftJoin("Client", "Client.ClientId", "Job.ClientId")
    .leftJoin("Pool", "Pool.PoolId", "Job.PoolId")
    .leftJoin("FileSet", "FileSet.FileSetId", "Job.FileSetId")
    .select([
      "Job.JobId",
      "Job.Job",
      "Job.Name",
      "Job.PurgedFiles",
      "Job.Type",
      "Job.Level",
      "Job.ClientId",
      "Client.Name as ClientName",
      "Job.JobStatus",
    ])
    .select([
      "Job.SchedTime",
      "Job.StartTime",
      "Job.EndTime",
      "Job.RealEndTime",
      "Job.JobTDate",
      "Job.VolSessionId",
      "Job.VolSessionTime",
    ])
    .select([
      "Job.JobFiles",
      "Job.JobBytes",
      "Job.ReadBytes",
      "Job.JobErrors",
      "Job.JobMissingFiles",
      "Job.PoolId",
      "Pool.Name as PoolName",
    ])
    .select([
      "Job.PriorJobId",
      "Job.PriorJob",
      "Job.FileSetId",
      "FileSet.FileSet",
      "Job.HasBase",
      "Job.HasCache",
      "Job.Comment",
      "Job.Reviewed",
    ]);
}

/** Sums for each Job resource, as the first table of `list jobtotals`. */
export function jobTotalsQuery(db: Kysely<Tables>, filter: JobFilter) {
  return db
    .selectFrom("Job")
    .select((e) => [
      e.fn.countAll().as("Jobs"),
      e.fn.sum("Job.JobFiles").as("Files"),
      e.fn.sum("Job.JobBytes").as("Bytes"),
      e.ref("Job.Name").as("Job"),
    ])
    .where("Job.JobId", "in", matchingIds(db, filter))
    .groupBy("Job.Name")
    .orderBy("Job.Name");
}

/** Sums over all jobs, as its second table. */
export function jobSumsQuery(db: Kysely<Tables>, filter: JobFilter) {
  return db
    .selectFrom("Job")
    .select((e) => [
      e.fn.countAll().as("Jobs"),
      e.fn.coalesce(e.fn.sum("Job.JobFiles"), e.lit(0)).as("Files"),
      e.fn.coalesce(e.fn.sum("Job.JobBytes"), e.lit(0)).as("Bytes"),
    ])
    .where("Job.JobId", "in", matchingIds(db, filter));
}

/** MySQL allows no LIMIT directly inside IN, so the numbers are chosen in a derived table. */
function matchingIds(db: Kysely<Tables>, filter: JobFilter) {
  const isPaged = filter.limit !== undefined || filter.offset !== undefined;
  let ids = db
    .selectFrom("Job")
    .select("Job.JobId as Chosen")
    .where((e) => e.and(conditions(e, filter)));
  if (isPaged)
    ids = ids
      .orderBy("Job.JobId", "desc")
      .limit(filter.limit ?? Number.MAX_SAFE_INTEGER)
      .offset(filter.offset ?? 0);
  return db.selectFrom(ids.as("Matching")).select("Matching.Chosen");
}

function conditions(e: Where, filter: JobFilter): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [sql<SqlBool>`1 = 1`];
  const add = (condition: Expression<SqlBool>): void => void all.push(condition);
  if (filter.jobIds !== undefined)
    add(filter.jobIds.length === 0 ? sql<SqlBool>`1 = 0` : e("Job.JobId", "in", [...filter.jobIds]));
  if (filter.uniqueName !== undefined) add(e("Job.Job", "=", filter.uniqueName));
  if (filter.name !== undefined) add(e("Job.Name", "=", filter.name));
  if (filter.jobStatus !== undefined) add(e("Job.JobStatus", "=", filter.jobStatus));
  if (filter.hasErrors === true) add(e("Job.JobErrors", ">", 0));
  if (filter.level !== undefined) add(e("Job.Level", "=", filter.level));
  if (filter.type !== undefined) add(e("Job.Type", "=", filter.type));
  if (filter.since !== undefined) add(e("Job.StartTime", ">=", filter.since));
  if (filter.until !== undefined) add(e("Job.StartTime", "<", filter.until));
  if (filter.client !== undefined)
    add(e("Job.ClientId", "in", e.selectFrom("Client").select("Client.ClientId").where("Client.Name", "=", filter.client)));
  if (filter.pool !== undefined)
    add(e("Job.PoolId", "in", e.selectFrom("Pool").select("Pool.PoolId").where("Pool.Name", "=", filter.pool)));
  if (filter.tag !== undefined)
    add(e("Job.JobId", "in", e.selectFrom("TagJob").select("TagJob.JobId").where("TagJob.Tag", "=", filter.tag)));
  if (filter.volume !== undefined) add(e("Job.JobId", "in", jobsOnVolume(e, filter.volume)));
  return all;
}

function jobsOnVolume(e: Where, volume: string) {
  return e
    .selectFrom("JobMedia")
    .innerJoin("Media", "Media.MediaId", "JobMedia.MediaId")
    .select("JobMedia.JobId")
    .where("Media.VolumeName", "=", volume);
}
