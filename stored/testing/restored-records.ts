import assert from "node:assert/strict";
import type { BootstrapEntry } from "#proto/bootstrap.ts";
import type { FollowedJob, StorageWorld } from "./storage-world.ts";

/** A job that has saved, with its session. */
export type SavedJob = FollowedJob & { readonly session: { readonly volSessionId: number; readonly volSessionTime: number } };

/** The bootstrap that restores all of a job, from its JobMedia rows; `more` changes each entry. */
export function entriesOf(saved: Pick<SavedJob, "media" | "session">, more: Partial<BootstrapEntry> = {}): BootstrapEntry[] {
  return saved.media.map((row): BootstrapEntry => ({
    volume: row.volume,
    mediaType: "File",
    device: "",
    slot: 0,
    ...saved.session,
    addresses: [{ first: row.startFile * 2 ** 32 + row.startBlock, last: row.endFile * 2 ** 32 + row.endBlock }],
    fileIndexes: [{ first: row.firstIndex, last: row.lastIndex }],
    count: 0,
    fileRegex: "",
    session: undefined,
    jobId: 0,
    streams: [],
    ...more,
  }));
}

/** Restores a job as its JobMedia rows say and answers its records; damage and any end but T are failures. */
export async function restoredRecords(world: StorageWorld, saved: SavedJob, device = "Disk"): Promise<Buffer> {
  const request = world.readRequest({ entries: entriesOf(saved) }, { devices: [device] });
  await world.startJob(request);
  const [read, job] = await Promise.all([world.receive(request), world.follow(request)]);
  assert.deepEqual(read.damages, []);
  assert.equal(job.end.status, "T", job.messages.join("\n"));
  return read.records;
}
