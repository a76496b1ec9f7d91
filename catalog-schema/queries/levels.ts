import type { CatalogReader } from "../database/backend.ts";
import type { JobRow } from "../schema/job.ts";
import { startsBeside, type JobPlace } from "./job-order.ts";

/** Which jobs belong together when a level is decided. */
export interface JobKey {
  readonly name: string;
  readonly clientId: number;
  /** Absent: of any version of any FileSet. */
  readonly fileSetId?: number;
}

const GOOD = ["T", "W"];
const FAILED = ["A", "E", "e", "f"];

/** The newest good Full; started before `before` if given ("YYYY-MM-DD HH:MM:SS"). */
export async function findLastFull(r: CatalogReader, key: JobKey, before?: string): Promise<JobRow | null> {
  return await findLastOfLevels(r, key, ["F"], before);
}

/** The newest good backup of one of these levels: for an Incremental F, D and I; its StartTime is what the next one saves since. */
export async function findLastOfLevels(
  r: CatalogReader,
  key: JobKey,
  levels: readonly string[],
  before?: string,
): Promise<JobRow | null> {
  let query = backups(r, key)
    .where("JobStatus", "in", GOOD)
    .where("Level", "in", [...levels]);
  if (before !== undefined) query = query.where("StartTime", "<", before);
  return (await query.orderBy("StartTime", "desc").orderBy("JobId", "desc").limit(1).executeTakeFirst()) ?? null;
}

/** The newest Full or Differential that failed or was canceled and stands after `since`: RerunFailedLevels repeats its level. */
export async function findFailedSince(r: CatalogReader, key: JobKey, since: JobPlace): Promise<JobRow | null> {
  const query = backups(r, key)
    .where("JobStatus", "in", FAILED)
    .where("Level", "in", ["F", "D"])
    .where(startsBeside("after", since));
  return (await query.orderBy("StartTime", "desc").orderBy("JobId", "desc").limit(1).executeTakeFirst()) ?? null;
}

function backups(r: CatalogReader, key: JobKey) {
  const query = r.reader
    .selectFrom("Job")
    .selectAll()
    .where("Name", "=", key.name)
    .where("ClientId", "=", key.clientId)
    .where("Type", "=", "B");
  return key.fileSetId === undefined ? query : query.where("FileSetId", "=", key.fileSetId);
}
