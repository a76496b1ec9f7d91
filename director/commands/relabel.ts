import type { Catalog } from "#catalog/catalog.ts";
import { deleteVolume } from "#catalog/queries/delete.ts";
import { listJobIdsOfVolume } from "#catalog/queries/job-media.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { findMedia } from "#catalog/queries/media.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Command } from "./command.ts";
import { newVolumeName, policyFor, poolFor, recordVolume, requireRoom, writeLabel } from "./write-label.ts";
import { requireEnded } from "./purge.ts";
import { withhold } from "./retention-parts.ts";
import { selectStorage } from "./prompts.ts";
import { selectVolume } from "./select-rows.ts";

/** Gives a purged or recycled Volume a new name; what was on it is gone. */
export const relabel: Command = {
  name: "relabel",
  help: "Give a purged Volume a new name",
  usage: "storage=<name> oldvolume=<name> volume=<name> pool=<name> [slot=<n>] [drive=<n>]",
  keywords: ["storage=", "oldvolume=", "volume|name=", "pool=", "slot=", "drive=", "yes"],
  async run(context, args) {
    const catalog = await context.catalog();
    const storage = await selectStorage(context, args);
    const old = await selectVolume(context, catalog, args.value("oldvolume"));
    await requireRelabelable(catalog, old);
    const volume = await newVolumeName(context, catalog, args.value("volume"));
    const slot = args.integer("slot") ?? old.Slot;
    const pool = await poolFor(context, catalog, args);
    if (pool.PoolId !== old.PoolId) requireRoom(pool);
    const drive = args.integer("drive") ?? 0;
    using _held = withhold(context, catalog, old.VolumeName, "relabeled");
    // A job may have taken it while the operator was asked.
    const now = await findMedia(catalog, old.VolumeName);
    await requireRelabelable(catalog, now ?? old);
    for (const jobId of await listJobIdsOfVolume(catalog, old.MediaId)) requireEnded(context, jobId);
    const state = await writeLabel(context, { storage, drive, volume, slot, pool, oldVolume: old.VolumeName });
    await recordVolume(catalog, {
      storage,
      volume,
      slot,
      pool,
      state,
      nowMs: context.director.now(),
      policy: policyFor(context, pool),
    });
    await context.say(`Catalog record for Volume "${volume}", Slot ${slot}  successfully created.\n`);
    const current = await findMedia(catalog, old.VolumeName);
    if (current !== null) await deleteVolume(catalog, current);
    context.director.jobsDeleted();
    await context.say(`Old volume "${old.VolumeName}" deleted from catalog.\n`);
    context.director.engine.mediaChanged();
  },
};

/** Throws VALUE_REFUSED unless the Volume is purged or recycled, VOLUME_PRECIOUS if it is precious. */
async function requireRelabelable(catalog: Catalog, old: MediaRow): Promise<void> {
  if (old.VolStatus !== "Purged" && old.VolStatus !== "Recycle")
    throw new OperatorError(
      "VALUE_REFUSED",
      `Volume "${old.VolumeName}" has VolStatus ${old.VolStatus}. It must be Purged or Recycled before relabeling.`,
    );
  if (await isPrecious(catalog, old.MediaId))
    throw new OperatorError("VOLUME_PRECIOUS", `Volume "${old.VolumeName}" is precious, so it is not relabeled`, {
      hint: `type: update volume=${old.VolumeName} precious=no`,
    });
}
