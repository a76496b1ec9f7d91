import type { Catalog } from "#catalog/catalog.ts";
import { DEDUP_VOLUME_TYPE } from "#catalog/queries/forgotten-sessions.ts";
import { findMedia, updateMedia } from "#catalog/queries/media.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { findPoolById } from "#catalog/queries/pools.ts";
import { listTruncatable } from "#catalog/queries/retention.ts";
import { findStorage, findStorageById } from "#catalog/queries/storages.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { must } from "#lib/base/assert.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { writeLabel } from "./write-label.ts";
import { named, selectStorage } from "./prompts.ts";
import { poolOfCatalog, requireNotPrecious, withhold } from "./retention-parts.ts";
import { selectVolume } from "./select-rows.ts";

/** Bit of Media.ActionOnPurge. */
const TRUNCATE_ON_PURGE = 1;

/** Gives the space of purged Volumes back: each is labelled anew, and empty. */
export const truncate: Command = {
  name: "truncate",
  help: "Free the space of purged Volumes",
  usage: `volume=<name> [volume=<name> ...] [storage=<name>] [drive=<n>] |
allpools|pool=<name> [mediatype=<type>] [storage=<name>] [drive=<n>]`,
  keywords: ["volume|media=?", "storage=", "pool=", "allpools", "mediatype=", "drive=", "yes"],
  async run(context, args) {
    await truncateChosen(context, await context.catalog(), args);
  },
};

/** Truncates the Volumes that the keywords name: by name, or all that may be of a pool, storage, Media Type, or of all pools. */
export async function truncateChosen(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const names = args.values("volume");
  const wantsMany = args.has("allpools") || args.has("pool") || args.has("mediatype") || args.has("storage");
  if (names.length > 0 || !wantsMany) {
    for (const name of names.length > 0 ? names : [undefined]) {
      context.signal.throwIfAborted();
      await truncateVolume(context, catalog, args, await selectVolume(context, catalog, name));
    }
  } else {
    const volumes = await truncatable(context, catalog, args);
    if (volumes.length === 0) await context.say("No Volumes found to perform the command.\n");
    for (const volume of volumes) await tolerantly(context, () => truncateVolume(context, catalog, args, volume));
  }
  context.director.engine.mediaChanged();
}

/** Purged Volumes of which the space may be taken back. */
async function truncatable(context: CommandContext, catalog: Catalog, args: Arguments): Promise<readonly MediaRow[]> {
  const pool = args.has("allpools") ? null : await poolOfCatalog(context, catalog, args);
  const storage = args.has("storage") ? await findStorage(catalog, (await selectStorage(context, args)).name) : null;
  const mediaType = args.value("mediatype");
  const rows = await listTruncatable(catalog, {
    ...(pool === null ? {} : { poolId: pool.PoolId }),
    ...(storage === null ? {} : { storageId: storage.StorageId }),
    ...(mediaType === undefined ? {} : { mediaType }),
  });
  const found: MediaRow[] = [];
  for (const row of rows) {
    const name = (await findPoolById(catalog, row.PoolId))?.Name ?? "";
    if (mayAccess(context.operator, { kind: "pool", name }) && isAllowed(row) && !(await isPrecious(catalog, row.MediaId)))
      found.push(row);
  }
  return found;
}

/** One Volume that cannot be truncated does not keep the others from it. */
async function tolerantly(context: CommandContext, work: () => Promise<void>): Promise<void> {
  context.signal.throwIfAborted();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    context.fail(1);
    await context.say(`${describeError(error)}\n`);
  }
}

/** A store of chunks has been told by the purge what it may free; what is left in its Volume is worth nothing to anybody. */
function isAllowed(media: MediaRow): boolean {
  return media.VolType === DEDUP_VOLUME_TYPE || (media.ActionOnPurge & TRUNCATE_ON_PURGE) !== 0;
}

async function truncateVolume(context: CommandContext, catalog: Catalog, args: Arguments, listed: MediaRow): Promise<void> {
  const name = listed.VolumeName;
  const storage = listed.VolStatus === "Purged" ? await storageOf(context, catalog, args, listed) : undefined;
  using _held = withhold(context, catalog, name, "truncated");
  // A job may have taken it since it was listed, or while the operator was asked.
  const media = (await findMedia(catalog, name)) ?? listed;
  if (storage === undefined || media.VolStatus !== "Purged")
    throw new OperatorError(
      "VALUE_REFUSED",
      `Volume "${name}" has VolStatus "${media.VolStatus}": only a purged Volume is truncated`,
      {
        hint: `type: purge volume=${name}, which deletes its jobs`,
      },
    );
  await requireNotPrecious(catalog, media, "truncated");
  if (!isAllowed(media))
    throw new OperatorError(
      "VALUE_REFUSED",
      `The option "Action On Purge = Truncate" was not defined in the Pool resource. Truncate not allowed on Volume "${name}"`,
      { hint: `set it, reload, and type: update volume=${name} frompool` },
    );
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
