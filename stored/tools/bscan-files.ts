import { OperatorError } from "#lib/errors/operator-error.ts";
import { BatchBuilder, BatchCursor } from "#lib/wire/record.ts";
import { sessionName } from "./bscan-session.ts";
import type { BscanCatalog } from "./bscan-catalog.ts";
import type { ScannedSession } from "./bscan-session.ts";
import type { ToolVoice } from "./tool-voice.ts";

/** Attribute type of a file that a job found deleted. */
const TYPE_DELETED = 23;

/** What the catalog says of records that cannot be. */
const damagedCodes: ReadonlySet<string> = new Set(["CATALOG_BATCH_INVALID", "BATCH_INVALID"]);

/** Stores the records of files that the catalog does not have yet. A damaged record costs its own file only, and is told. */
export async function storeFiles(
  catalog: BscanCatalog,
  voice: ToolVoice,
  session: ScannedSession,
  batch: Uint8Array,
): Promise<void> {
  const { job } = session;
  if (job.kind !== "job") return;
  const missing = job.present === undefined ? batch : withoutPresent(batch, job.present);
  if (missing.byteLength === 0) return;
  try {
    await catalog.files(session, missing);
  } catch (error) {
    if (!isDamage(error)) throw error;
    await storeOneByOne(catalog, voice, session, missing);
  }
}

async function storeOneByOne(
  catalog: BscanCatalog,
  voice: ToolVoice,
  session: ScannedSession,
  batch: Uint8Array,
): Promise<void> {
  for (const file of filesOf(batch)) {
    try {
      await catalog.files(session, file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      voice.error(`${sessionName(session.key)}: ${error.message}; the file is left out.`);
    }
  }
}

function isDamage(error: unknown): error is OperatorError {
  return error instanceof OperatorError && damagedCodes.has(error.code);
}

/** The records of files that have no row yet. */
function withoutPresent(
  batch: Uint8Array,
  present: { readonly indexes: { has(id: number): boolean }; readonly deleted: number },
): Uint8Array {
  const builder = new BatchBuilder();
  const cursor = new BatchCursor(batch);
  let skipped = 0;
  while (cursor.next()) {
    const { fileIndex, data } = cursor;
    if (present.indexes.has(fileIndex) || fileIndex === skipped) continue;
    if (present.deleted > 0 && saysDeleted(data)) {
      skipped = fileIndex;
      continue;
    }
    builder.append(fileIndex, cursor.stream, data);
  }
  return builder.take();
}

/** Whether an attribute record says that its file was found deleted. */
function saysDeleted(data: Uint8Array): boolean {
  const [, type] = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, 24)).toString("latin1").split(" ", 2);
  return (Number(type) & 0xffff) === TYPE_DELETED;
}

/** A batch for each file. */
function* filesOf(batch: Uint8Array): Generator<Uint8Array> {
  let builder = new BatchBuilder();
  let at = 0;
  const cursor = new BatchCursor(batch);
  while (cursor.next()) {
    if (cursor.fileIndex !== at && builder.length > 0) {
      yield builder.take();
      builder = new BatchBuilder();
    }
    at = cursor.fileIndex;
    builder.append(cursor.fileIndex, cursor.stream, cursor.data);
  }
  if (builder.length > 0) yield builder.take();
}
