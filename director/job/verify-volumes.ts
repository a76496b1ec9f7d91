import { catalogTime } from "#lib/base/local-time.ts";
import { retry } from "#lib/base/retry.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { listJobIdsOfVolume } from "#catalog/queries/job-media.ts";
import { changeMediaCare, findMediaCare } from "#catalog/queries/media-care.ts";
import { findMediaById, updateMedia } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { DeviceReply, MediumFindings } from "#proto/stored.ts";
import type { JobContext } from "./job-context.ts";

/** Attempts to read a Volume that the device has not let go of yet. */
const ATTEMPTS_MAX = 6;
/** JobIds that a message names at most. */
const NAMED_MAX = 20;

/**
 * Auto Verify: has the storage daemon read back the Volumes that the job has closed. One with damage gets status Error. True unless damage was
 * found; a Volume that could not be read now is only warned of.
 */
export async function verifyVolumes(context: JobContext, volumes: readonly MediaRow[]): Promise<boolean> {
  const { desk, job, messages } = context;
  if (!job.pool.resource.autoVerify) return true;
  let isSound = true;
  for (const { MediaId } of volumes) {
    const row = await findMediaById(desk.catalog, MediaId);
    if (row === null || (row.VolStatus !== "Full" && row.VolStatus !== "Used")) continue;
    const { lastVerified } = await findMediaCare(desk.catalog, MediaId);
    // Another job that shares the Volume may have had it read already.
    if (lastVerified !== null && row.LastWritten !== null && lastVerified > row.LastWritten) continue;
    try {
      isSound = (await keepFindings(context, row, await scan(context, row))) && isSound;
    } catch (error) {
      if (!(error instanceof OperatorError) || context.leaving.aborted) throw error;
      await messages.say("Warning", `Volume "${row.VolumeName}" could not be verified: ${describeError(error)}`);
    }
  }
  return isSound;
}

/** Reads the whole Volume at its storage daemon. Throws what hinders that. */
async function scan(context: JobContext, row: MediaRow): Promise<MediumFindings> {
  const { job, parts, messages, leaving } = context;
  const { resource } = job.storage;
  const request = { device: resource.device[0] ?? "", slot: row.Slot, drive: 0, volume: row.VolumeName, action: "scan" };
  const read = async (signal: AbortSignal): Promise<MediumFindings> => {
    let last: DeviceReply | undefined;
    for await (const reply of parts.daemons.storageDaemon(resource.name).medium(request, signal)) {
      last = reply;
      if (reply.line.includes(" bytes are bad: ")) await messages.say("Error", reply.line);
    }
    const findings = last?.findings;
    if (findings === undefined)
      throw new OperatorError("DEVICE_COMMAND_FAILED", last?.line ?? "the storage daemon did not tell what it read");
    return findings;
  };
  return await retry(read, {
    clock: parts.clock,
    signal: AbortSignal.any([leaving, job.signal]),
    attemptsMax: ATTEMPTS_MAX,
    isRetryable: (error) => error instanceof OperatorError && error.code === "DEVICE_BUSY",
  });
}

async function keepFindings(context: JobContext, row: MediaRow, findings: MediumFindings): Promise<boolean> {
  const { desk, parts, messages } = context;
  const { badBlocks, bytes, blocks } = findings;
  const isSound = badBlocks === 0 && bytes >= row.VolBytes;
  const lastVerified = catalogTime(parts.clock.nowMs());
  await desk.catalog.transaction(
    async (tx) => {
      await changeMediaCare(tx, row.MediaId, { badBlocks, ...(isSound ? { lastVerified } : {}) });
      if (!isSound) await updateMedia(tx, row.MediaId, { VolStatus: "Error" });
    },
    { idempotent: true },
  );
  if (isSound) await messages.say("Info", `Volume "${row.VolumeName}" verified: ${blocks} blocks, ${bytes} bytes are good.`);
  else {
    const jobIds = await listJobIdsOfVolume(desk.catalog, row.MediaId);
    const more = jobIds.length > NAMED_MAX ? ` and ${jobIds.length - NAMED_MAX} more` : "";
    await messages.say(
      "Error",
      `Volume "${row.VolumeName}" is damaged: ${badBlocks} bad blocks, ${bytes} of ${row.VolBytes} bytes. Marking Volume "${row.VolumeName}" in Error in Catalog. ` +
        `Data of these jobs may be lost: JobId ${jobIds.slice(0, NAMED_MAX).join(",")}${more}.`,
    );
  }
  return isSound;
}
