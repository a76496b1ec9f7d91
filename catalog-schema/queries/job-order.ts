import { expressionBuilder, type Expression, type SqlBool } from "kysely";
import type { JobRow } from "../schema/job.ts";
import type { Tables } from "../schema/tables.ts";

/** Where a job stands among others: by StartTime, and by number where that is the same. The catalog's times are whole seconds. */
export type JobPlace = Pick<JobRow, "StartTime" | "JobId">;

/** True if a job began after another one, or in the same second with a higher number. */
export function isAfter(job: JobPlace, other: JobPlace): boolean {
  const [one, two] = [job.StartTime ?? "", other.StartTime ?? ""];
  return one > two || (one === two && job.JobId > other.JobId);
}

/** The rows of Job that stand after, or before, this one. */
export function startsBeside(side: "after" | "before", { StartTime, JobId }: JobPlace): Expression<SqlBool> {
  const e = expressionBuilder<Tables, "Job">();
  const than = side === "after" ? ">" : "<";
  return e.or([e("Job.StartTime", than, StartTime), e.and([e("Job.StartTime", "=", StartTime), e("Job.JobId", than, JobId)])]);
}

/**
 * The rows of Job that may stand after this one: those of the same second too, whatever their number. Numbers are given when jobs are
 * queued, so a job of a lower number may have read its files later.
 */
export function mayStartAfter({ StartTime, JobId }: JobPlace): Expression<SqlBool> {
  const e = expressionBuilder<Tables, "Job">();
  return e.and([e("Job.StartTime", ">=", StartTime), e("Job.JobId", "<>", JobId)]);
}
