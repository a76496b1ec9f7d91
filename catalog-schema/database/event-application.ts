import type { Insertable } from "kysely";
import { must } from "#lib/base/assert.ts";
import { formatLocalTime } from "./local-time.ts";
import type { CatalogReader, CatalogWriter } from "./backend.ts";
import { insertJobMedia, type NewJobMedia } from "../queries/job-media.ts";
import { addLog } from "../queries/log.ts";
import { countMediaWrite } from "../queries/media-care.ts";
import { findMediaById, updateMedia, type MediaChanges } from "../queries/media.ts";
import type { Tables } from "../schema/tables.ts";
import { TransientError } from "./mysql-errors.ts";
import { DuplicateKeyError } from "./sqlite-client.ts";
import { attributesQuery } from "./sql-connection.ts";
import type { LastFile } from "./sqlite-protocol.ts";

/** What one event of a daemon's log means for the catalog; `none` for those that concern the Director only. */
export type CatalogEvent = { readonly event: number } & (
  | { readonly kind: "attributes"; readonly batch: Uint8Array }
  | { readonly kind: "jobMedia"; readonly rows: readonly NewJobMedia[] }
  | { readonly kind: "media"; readonly mediaId: number; readonly changes: MediaChanges }
  | { readonly kind: "log"; readonly time: Date | string; readonly text: string }
  | { readonly kind: "none" }
);

/** Events of one daemon's half of one job, in ascending number. */
export interface EventApplication {
  readonly jobId: number;
  /** Which half: "sd", "fd"; a name of at most 255 bytes. */
  readonly daemon: string;
  readonly events: readonly CatalogEvent[];
}

/** What was done. */
export interface EventsApplied {
  /** Number of the last event that the catalog now holds: acknowledge up to here. */
  readonly lastEvent: number;
  /** File rows inserted. */
  readonly files: number;
  /** Events passed over because they had been applied before. */
  readonly skipped: number;
}

interface Position {
  readonly lastEvent: number;
  readonly lastFile: LastFile;
  readonly isNew: boolean;
}

/** Applies the events that are new, and records how far it came, in the transaction that is open. */
export async function applyEventsInTransaction(tx: CatalogWriter, application: EventApplication): Promise<EventsApplied> {
  const { jobId, daemon } = application;
  const position = await lockPosition(tx, jobId, daemon);
  const fresh = application.events.filter(({ event }) => event > position.lastEvent);
  const skipped = application.events.length - fresh.length;
  if (fresh.length === 0) return { lastEvent: position.lastEvent, files: 0, skipped };
  let { lastFile } = position;
  let files = 0;
  const batches = fresh.flatMap((event) => (event.kind === "attributes" ? [event.batch] : []));
  if (batches.length > 0) {
    const { rows } = await tx.writer.executeQuery(attributesQuery({ jobId, last: lastFile, batches }));
    const inserted = must(rows[0], "answer of the bulk insert");
    files = inserted.files;
    lastFile = inserted.last;
  }
  for (const event of fresh) await applyOne(tx, jobId, event);
  const lastEvent = Math.max(...fresh.map(({ event }) => event));
  await savePosition(tx, jobId, daemon, { lastEvent, lastFile, isNew: position.isNew });
  return { lastEvent, files, skipped };
}

/** Number of the last event of this half that the catalog holds; 0 when none. */
export async function findLastEvent(r: CatalogReader, jobId: number, daemon: string): Promise<number> {
  const row = await r.reader
    .selectFrom("NocturneJobEvent")
    .select("LastEvent")
    .where("JobId", "=", jobId)
    .where("Daemon", "=", daemon)
    .executeTakeFirst();
  return row?.LastEvent ?? 0;
}

/** Forgets how far the halves of a job came, when their logs are gone. */
export async function deleteJobEvents(w: CatalogWriter, jobId: number): Promise<void> {
  await w.writer.deleteFrom("NocturneJobEvent").where("JobId", "=", jobId).execute();
}

async function applyOne(tx: CatalogWriter, jobId: number, event: CatalogEvent): Promise<void> {
  switch (event.kind) {
    case "jobMedia":
      return await insertJobMedia(
        tx,
        event.rows.map((row) => ({ ...row, JobId: jobId })),
      );
    case "media":
      if (typeof event.changes.FirstWritten === "string") await countIfAnew(tx, event.mediaId);
      return await updateMedia(tx, event.mediaId, event.changes);
    case "log":
      return await addLog(tx, {
        JobId: jobId,
        Time: typeof event.time === "string" ? event.time : formatLocalTime(event.time),
        LogText: event.text,
      });
    case "attributes":
    case "none":
      return;
  }
}

/** MySQL locks the row, so that two streams of one half (an old one that lingers) cannot both apply the same event. */
async function lockPosition(tx: CatalogWriter, jobId: number, daemon: string): Promise<Position> {
  const select = tx.reader.selectFrom("NocturneJobEvent").selectAll().where("JobId", "=", jobId).where("Daemon", "=", daemon);
  const row = await (tx.dialect === "mysql" ? select.forUpdate() : select).executeTakeFirst();
  if (row === undefined) return { lastEvent: 0, lastFile: { fileIndex: 0, pathId: 0, filename: "" }, isNew: true };
  return {
    lastEvent: row.LastEvent,
    lastFile: { fileIndex: row.LastFileIndex, pathId: row.LastPathId, filename: row.LastFilename },
    isNew: false,
  };
}

async function savePosition(tx: CatalogWriter, JobId: number, Daemon: string, position: Position): Promise<void> {
  const { lastEvent: LastEvent, lastFile } = position;
  const values = { LastEvent, LastFileIndex: lastFile.fileIndex, LastPathId: lastFile.pathId, LastFilename: lastFile.filename };
  if (position.isNew) await insertPosition(tx, { JobId, Daemon, ...values });
  else
    await tx.writer
      .updateTable("NocturneJobEvent")
      .set(values)
      .where("JobId", "=", JobId)
      .where("Daemon", "=", Daemon)
      .execute();
}

/** The first event has no row to lock. If another stream came first, this transaction is undone and done again, and then finds the row. */
async function insertPosition(tx: CatalogWriter, row: Insertable<Tables["NocturneJobEvent"]>): Promise<void> {
  try {
    await tx.writer.insertInto("NocturneJobEvent").values(row).execute();
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
    throw new TransientError(`events of JobId ${row.JobId} are being applied twice at once`, "conflict", error);
  }
}

/** A Volume that had no first write until now has been labelled anew: its medium is written from its beginning once more. */
async function countIfAnew(tx: CatalogWriter, mediaId: number): Promise<void> {
  const before = await findMediaById(tx, mediaId);
  if (before !== null && before.FirstWritten === null) await countMediaWrite(tx, mediaId);
}
