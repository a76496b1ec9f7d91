import { descriptionRecords } from "#lib/job-description/description-records.ts";
import { DESCRIPTION_BYTES_MAX } from "#lib/job-description/job-description.ts";
import type { SessionBlocks } from "./session-blocks.ts";

/** Lays a description into a session, as labels that other readers pass over. One that is too long came from a wrong peer and is left out. */
export function appendDescription(
  blocks: SessionBlocks,
  type: number,
  jobId: number,
  description: Uint8Array | undefined,
): void {
  if (description === undefined || description.byteLength > DESCRIPTION_BYTES_MAX) return;
  for (const record of descriptionRecords(description)) blocks.appendLabel(type, jobId, record);
}
