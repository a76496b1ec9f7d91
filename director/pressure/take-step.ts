import { markPurgedIfEmpty } from "#catalog/queries/delete.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { findMediaById, updateMedia } from "#catalog/queries/media.ts";
import { findPoolById } from "#catalog/queries/pools.ts";
import { hasSessionsToForget } from "#catalog/queries/pressure.ts";
import { findStorageById } from "#catalog/queries/storages.ts";
import { must } from "#lib/base/assert.ts";
import type { Clock } from "#lib/base/clock.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { VolumeState } from "#proto/job.ts";
import type { DaemonDirectory } from "../clients/daemon-calls.ts";
import type { RetentionParts } from "../retention/parts.ts";
import { jobWords } from "../retention/job-facts.ts";
import { removeJobs } from "../retention/remove-jobs.ts";
import type { PressureVolume, Victim } from "./plan.ts";
import { storageIdsOf } from "./pressure-facts.ts";
import type { DiskRoom } from "./rooms.ts";

/** Containers with a smaller share of live bytes are written anew under pressure: dead bytes come back before another job is given up. */
const LIVE_PERCENT = 85;

/** How long a storage daemon may take to hear what it may forget. */
const FORGET_MS_MAX = 60_000;
const FORGET_LOOK_MS = 100;

/** What a step is taken with. */
export interface StepParts {
  readonly retention: RetentionParts;
  readonly daemons: () => DaemonDirectory;
  readonly clock: Clock;
}

/** The step in words: `Incremental JobId 12 of 2027-01-15 10:00:00`. */
export function victimText(victim: Victim): string {
  if (victim.kind === "job") return jobWords(victim.jobs[0]);
  const { volume, jobs } = victim;
  const held =
    jobs.length === 0
      ? ""
      : ` with ${jobs.length === 1 ? jobWords(jobs[0]!) : `${jobs.length} jobs (JobIds ${jobs.map(({ jobId }) => jobId).join(",")})`}`;
  return `Volume "${volume.name}"${held}`;
}

/** Gives up what a step says: jobs leave the catalog, a plain Volume is emptied. Space comes back afterwards. */
export async function takeStep(parts: StepParts, disk: DiskRoom, victim: Victim, signal: AbortSignal): Promise<void> {
  if (victim.jobs.length > 0) await removeJobs(parts.retention, victim.jobs, signal);
  if (victim.kind === "job") return;
  const { volume } = victim;
  using held = parts.retention.claims.withhold(volume.name);
  if (held === undefined)
    throw new OperatorError("SPACE_EXHAUSTED", `Volume "${volume.name}" could not be emptied: a running job has it`);
  if (!(await isPurgedNow(parts, volume)))
    throw new OperatorError("SPACE_EXHAUSTED", `Volume "${volume.name}" could not be emptied: it is in use, or precious now`);
  await truncateVolume(parts, disk, volume, signal);
}

/** Has the stores on a file system free what nothing refers to any more, and waits until that is done. Devices without a store do nothing. */
export async function collectDead(parts: StepParts, disk: DiskRoom, signal: AbortSignal): Promise<void> {
  await untilTold(parts, disk, signal);
  for (const { device } of disk.devices) {
    const daemon = parts.daemons().storageDaemon(disk.storages[0]!.name);
    const request = { device, action: "vacuum", lookOnly: false, healFrom: undefined, livePercent: LIVE_PERCENT };
    try {
      for await (const _ of daemon.dedup(request, signal));
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== "STORE_NOT_INITIALIZED") throw error;
    }
  }
}

/** Waits, within bounds, until the storage daemon knows what it may forget. */
async function untilTold(parts: StepParts, disk: DiskRoom, signal: AbortSignal): Promise<void> {
  const { catalog, jobsDeleted } = parts.retention;
  const storageIds = await storageIdsOf(
    catalog,
    disk.storages.map(({ name }) => name),
  );
  const deadline = parts.clock.monotonicMs() + FORGET_MS_MAX;
  jobsDeleted();
  while ((await hasSessionsToForget(catalog, storageIds)) && parts.clock.monotonicMs() < deadline)
    await parts.clock.sleep(FORGET_LOOK_MS, signal);
}

/** Marks a Volume without jobs as Purged; false if a job lies on it after all, or it has become precious. */
async function isPurgedNow({ retention }: StepParts, volume: PressureVolume): Promise<boolean> {
  const row = await findMediaById(retention.catalog, volume.mediaId);
  if (await isPrecious(retention.catalog, volume.mediaId)) return false;
  return row?.VolStatus === "Purged" || (await markPurgedIfEmpty(retention.catalog, volume.mediaId));
}

/** Labels a purged Volume anew, which cuts its file off: that needs no room. */
async function truncateVolume(parts: StepParts, disk: DiskRoom, volume: PressureVolume, signal: AbortSignal): Promise<void> {
  const { catalog } = parts.retention;
  const row = must(await findMediaById(catalog, volume.mediaId), "a Volume that was just purged");
  const pool = must(await findPoolById(catalog, row.PoolId), "the pool of a Volume");
  const written = row.StorageId === 0 ? null : await findStorageById(catalog, row.StorageId);
  const storage = disk.storages.find(({ name }) => name === written?.Name) ?? disk.storages[0]!;
  const request = {
    device: storage.device[0] ?? disk.devices[0]!.device,
    volume: row.VolumeName,
    pool: pool.Name,
    poolType: pool.PoolType,
    mediaType: row.MediaType,
    slot: row.Slot,
    drive: 0,
    oldVolume: row.VolumeName,
    relabel: true,
  };
  let state: VolumeState | undefined;
  let last = "it did not answer";
  for await (const reply of parts.daemons().storageDaemon(storage.name).label(request, signal)) {
    last = reply.line;
    if (reply.ok === true) state = reply.volume;
  }
  if (state === undefined)
    throw new OperatorError("DEVICE_COMMAND_FAILED", `Volume "${row.VolumeName}" could not be emptied: ${last}`);
  await updateMedia(catalog, row.MediaId, {
    VolBytes: state.bytes,
    VolBlocks: state.blocks,
    VolFiles: 0,
    EndFile: state.endFile,
    EndBlock: state.endBlock,
    LabelDate: catalogTime(parts.clock.nowMs()),
  });
}
