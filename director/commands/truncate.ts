import type { Catalog } from "#catalog/catalog.ts";
import { DEDUP_VOLUME_TYPE } from "#catalog/queries/forgotten-sessions.ts";
import { updateMedia } from "#catalog/queries/media.ts";
import { findPoolById } from "#catalog/queries/pools.ts";
import { findStorageById } from "#catalog/queries/storages.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { must } from "#lib/base/assert.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { writeLabel } from "./label.ts";
import { named, selectStorage } from "./prompts.ts";
import { selectVolume } from "./select-rows.ts";

/** Bit of Media.ActionOnPurge. */
const TRUNCATE_ON_PURGE = 1;

/** Gives the space of purged Volumes back: each is labelled anew, and empty. */
export const truncate: Command = {
  name: "truncate",
  help: "Free the space of purged Volumes",
  usage: "volume=<name> [volume=<name> ...] [storage=<name>] [drive=<n>]",
  keywords: ["volume=", "storage=", "drive=", "yes"],
  async run(context, args) {
    const catalog = await context.catalog();
    const names = args.values("volume");
    for (const name of names.length > 0 ? names : [undefined]) {
      context.signal.throwIfAborted();
      await truncateVolume(context, catalog, args, await selectVolume(context, catalog, name));
    }
    context.director.engine.mediaChanged();
  },
};

async function truncateVolume(context: CommandContext, catalog: Catalog, args: Arguments, media: MediaRow): Promise<void> {
  const name = media.VolumeName;
  if (media.VolStatus !== "Purged")
    throw new OperatorError(
      "VALUE_REFUSED",
      `Volume "${name}" has VolStatus "${media.VolStatus}": only a purged Volume is truncated`,
      {
        hint: `type: purge volume=${name}, which deletes its jobs`,
      },
    );
  // A store of chunks has been told by the purge what it may free; what is left in its Volume is worth nothing to anybody.
  if (media.VolType !== DEDUP_VOLUME_TYPE && (media.ActionOnPurge & TRUNCATE_ON_PURGE) === 0)
    throw new OperatorError(
      "VALUE_REFUSED",
      `The option "Action On Purge = Truncate" was not defined in the Pool resource. Truncate not allowed on Volume "${name}"`,
      { hint: `set it, reload, and type: update volume=${name} frompool` },
    );
  const storage = await storageOf(context, catalog, args, media);
  const pool = must(await findPoolById(catalog, media.PoolId), "the pool of a Volume");
  const wanted = { storage, volume: name, slot: media.Slot, pool, drive: args.integer("drive") ?? 0, oldVolume: name };
  const state = await writeLabel(context, wanted);
  await updateMedia(catalog, media.MediaId, {
    VolBytes: state?.bytes ?? 1,
    VolBlocks: state?.blocks ?? 0,
    VolFiles: 0,
    EndFile: state?.endFile ?? 0,
    EndBlock: state?.endBlock ?? 0,
    LabelDate: catalogTime(context.director.now()),
  });
  await context.say(`The volume "${name}" has been truncated\n`);
}

/** The Storage that is named, else the one that the Volume was written by. */
async function storageOf(
  context: CommandContext,
  catalog: Catalog,
  args: Arguments,
  media: MediaRow,
): Promise<StorageResource> {
  if (args.has("storage")) return await selectStorage(context, args);
  const row = media.StorageId === 0 ? null : await findStorageById(catalog, media.StorageId);
  if (row === null || !context.director.config().storages.has(row.Name)) return await selectStorage(context, args);
  return named.storage(context, row.Name);
}
