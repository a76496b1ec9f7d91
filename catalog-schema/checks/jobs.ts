import { sql, type RawBuilder } from "kysely";
import { deleteJob } from "../queries/delete.ts";
import { PAGE_ROWS, pages, type CatalogCheck } from "./check.ts";

/** Statuses of jobs that a Director has not ended. */
const ENDED = sql`j.JobStatus IN ('T', 'W', 'E', 'e', 'f', 'A', 'D', 'I')
  AND NOT EXISTS (SELECT 1 FROM NocturneRunningJob r WHERE r.JobId = j.JobId)`;

/** Jobs whose Client is not in the catalog. */
export const orphanedJobs = jobCheck(
  "orphaned Job",
  "Checking for orphaned Job entries.",
  sql`j.ClientId <> 0 AND NOT EXISTS (SELECT 1 FROM Client c WHERE c.ClientId = j.ClientId)`,
);

/** Rows of jobs that keep nothing: they are no fault, but are not needed. */
export const adminJobs = jobCheck("Admin Job", "Checking for Admin Job entries.", sql`j.Type = 'D'`);
export const restoreJobs = jobCheck("Restore Job", "Checking for Restore Job entries.", sql`j.Type = 'R'`);
export const verifyJobs = jobCheck("Verify Job", "Checking for Verify Job entries.", sql`j.Type = 'V'`);

/** Jobs that a condition on row `j` finds; mending deletes them with all that belongs to them. Jobs that run are passed over. */
function jobCheck(what: string, announce: string, condition: RawBuilder<unknown>): CatalogCheck {
  return {
    what,
    verb: "Eliminate",
    announce,
    async *find(catalog) {
      const read = async (after: number) =>
        (
          await sql<{ key: number; Name: string; StartTime: string | null }>`
            SELECT j.JobId AS ${sql.ref("key")}, j.Name, j.StartTime FROM Job j
            WHERE j.JobId > ${after} AND ${ENDED} AND ${condition} ORDER BY j.JobId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(
            catalog.reader,
          )
        ).rows;
      for await (const page of pages(read)) {
        yield page.map(({ key, Name, StartTime }) => ({
          key,
          part: 0,
          rows: 1,
          text: `JobId=${key} Name="${Name}" StartTime=${StartTime ?? ""}`,
        }));
      }
    },
    repair: async (catalog, page) => {
      for (const { key } of page) await deleteJob(catalog, key);
    },
  };
}
