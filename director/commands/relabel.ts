import { deleteVolume } from "#catalog/queries/delete.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { findMedia } from "#catalog/queries/media.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Command } from "./command.ts";
import { newVolumeName, policyFor, poolFor, recordVolume, writeLabel } from "./write-label.ts";
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
    if (old.VolStatus !== "Purged" && old.VolStatus !== "Recycle")
      throw new OperatorError(
        "VALUE_REFUSED",
        `Volume "${old.VolumeName}" has VolStatus ${old.VolStatus}. It must be Purged or Recycled before relabeling.`,
      );
    if (await isPrecious(catalog, old.MediaId))
      throw new OperatorError("VOLUME_PRECIOUS", `Volume "${old.VolumeName}" is precious, so it is not relabeled`, {
        hint: `type: update volume=${old.VolumeName} precious=no`,
      });
    const volume = await newVolumeName(context, catalog, args.value("volume"));
    const slot = args.integer("slot") ?? old.Slot;
    const pool = await poolFor(context, catalog, args);
    const drive = args.integer("drive") ?? 0;
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
