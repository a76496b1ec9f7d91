import type { CatalogReader, CatalogWriter } from "../database/backend.ts";
import type { LogRow } from "../schema/log.ts";

/** Adds a line to the log of a job; JobId 0 for what belongs to no job. */
export async function addLog(
  w: CatalogWriter,
  line: { readonly JobId: number; readonly Time: string; readonly LogText: string },
): Promise<void> {
  await w.writer.insertInto("Log").values({ JobId: line.JobId, Time: line.Time, LogText: line.LogText }).execute();
}

/** The log of a job in the order written. */
export async function listLog(r: CatalogReader, jobId: number): Promise<LogRow[]> {
  return await r.reader.selectFrom("Log").selectAll().where("JobId", "=", jobId).orderBy("LogId").execute();
}

/** What an auditor asks for: who did what, when, where from. */
export interface NewEvent {
  readonly EventsCode: string;
  readonly EventsType: string;
  readonly EventsTime: string;
  readonly EventsDaemon: string;
  readonly EventsSource: string;
  readonly EventsRef: string;
  readonly EventsText: string;
}

/** Records an event. */
export async function addEvent(w: CatalogWriter, event: NewEvent, insertTime: string): Promise<void> {
  await w.writer
    .insertInto("Events")
    .values({ ...event, EventsInsertTime: insertTime })
    .execute();
}
