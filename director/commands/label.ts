import type { Catalog } from "#catalog/catalog.ts";
import { createMedia, defaultsFromPool, findMedia, updateMedia } from "#catalog/queries/media.ts";
import { ensureMediaType, ensureStorage } from "#catalog/queries/storages.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { VolumeState } from "#proto/job.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { deviceOf, tellReplies } from "./mount.ts";
import { askInteger, askText, selectStorage } from "./prompts.ts";
import { selectCatalogPool } from "./select-rows.ts";

/** Writes a label on a new Volume and records it in the catalog. */
export const label: Command = {
  name: "label",
  help: "Label a new Volume",
  usage: "storage=<name> volume=<name> pool=<name> [slot=<n>] [drive=<n>]",
  keywords: ["storage=", "volume|name=", "pool=", "slot=", "drive=", "yes"],
  async run(context, args) {
    const catalog = await context.catalog();
    const storage = await selectStorage(context, args);
    const drive =
      args.integer("drive") ??
      (isAutochanger(storage) ? await askInteger(context, "Enter autochanger drive[0]: ", { min: 0, fallback: 0 }) : 0);
    const volume = await newVolumeName(context, catalog, args.value("volume"));
    const slot =
      args.integer("slot") ??
      (isAutochanger(storage) ? await askInteger(context, "Enter slot (0 or Enter for none): ", { min: 0, fallback: 0 }) : 0);
    const pool = await poolFor(context, catalog, args);
    const state = await writeLabel(context, { storage, drive, volume, slot, pool });
    await recordVolume(catalog, { storage, volume, slot, pool, state, nowMs: context.director.now() });
    await context.say(`Catalog record for Volume "${volume}", Slot ${slot}  successfully created.\n`);
    context.director.engine.mediaChanged();
    if (context.settings.autoMount) await mountAfterwards(context, storage, drive, slot);
    else await context.say("Do not forget to mount the drive!!!\n");
  },
};

/** A Volume that is to have a label. */
export interface NewVolume {
  readonly storage: StorageResource;
  readonly volume: string;
  readonly slot: number;
  readonly pool: PoolRow;
}

/** Longest Volume name. */
const NAME_CHARS_MAX = 127;

/** What is wrong with a Volume name; undefined if nothing is. */
export function volumeNameFault(name: string): string | undefined {
  const illegal = /[^A-Za-z0-9:._-]/.exec(name);
  if (illegal !== null) return `Illegal character "${illegal[0]}" in a volume name.`;
  if (name === "") return "Volume name must be at least one character long.";
  return name.length > NAME_CHARS_MAX ? `Volume name too long: at most ${NAME_CHARS_MAX} characters.` : undefined;
}

/** The name given, or asked for, of a Volume that the catalog does not have. */
export async function newVolumeName(context: CommandContext, catalog: Catalog, given: string | undefined): Promise<string> {
  let name = given ?? (await askText(context, "Enter new Volume name: "));
  for (;;) {
    const fault =
      volumeNameFault(name) ??
      ((await findMedia(catalog, name)) === null ? undefined : `Media record for new Volume "${name}" already exists.`);
    if (fault === undefined) return name;
    await context.say(`${fault}\n`);
    name = await askText(context, "Enter new Volume name: ");
  }
}

/** The pool of `pool=`, or one that the operator chooses. */
export async function poolFor(context: CommandContext, catalog: Catalog, args: Arguments): Promise<PoolRow> {
  const name = args.value("pool");
  if (name === undefined) return await selectCatalogPool(context, catalog);
  requireAccess(context.operator, { kind: "pool", name });
  const found = await findPool(catalog, name);
  if (found !== null) return found;
  await context.say(`Could not find Pool "${name}"\n`);
  return await selectCatalogPool(context, catalog);
}

/** Has a label written: on a new Volume, or anew in the place of `oldVolume`, whose content is given up. Throws DEVICE_COMMAND_FAILED. */
export async function writeLabel(
  context: CommandContext,
  wanted: NewVolume & { readonly drive: number; readonly oldVolume?: string },
): Promise<VolumeState | undefined> {
  const { storage, volume, slot, pool, drive, oldVolume } = wanted;
  const what = oldVolume === undefined ? "label" : "relabel";
  await context.say(
    `Connecting to Storage daemon ${storage.name} at ${storage.address}:${storage.sdPort} ...\nSending ${what} command for Volume "${volume}" Slot ${slot} ...\n`,
  );
  const replies = context.director.daemons.storageDaemon(storage.name).label(
    {
      device: deviceOf(storage),
      volume,
      pool: pool.Name,
      poolType: pool.PoolType,
      mediaType: storage.mediaType,
      slot,
      drive,
      oldVolume: oldVolume ?? "",
      relabel: oldVolume !== undefined,
    },
    context.signal,
  );
  try {
    return (await tellReplies(context, replies))?.volume;
  } catch (cause) {
    if (context.signal.aborted) throw cause;
    throw new OperatorError("DEVICE_COMMAND_FAILED", `Label command failed for Volume ${volume}.`, { cause });
  }
}

/** Adds a labelled Volume to the catalog. */
export async function recordVolume(
  catalog: Catalog,
  made: NewVolume & { readonly state: VolumeState | undefined; readonly nowMs: number },
): Promise<void> {
  const { storage, volume, slot, pool, state, nowMs } = made;
  const { StorageId } = await ensureStorage(catalog, { Name: storage.name, AutoChanger: isAutochanger(storage) ? 1 : 0 });
  const mediaTypeId = await ensureMediaType(catalog, storage.mediaType);
  const labelled = {
    VolBytes: state?.bytes ?? 0,
    VolBlocks: state?.blocks ?? 0,
    VolType: state?.volType ?? 0,
    LabelDate: catalogTime(nowMs),
  };
  const media = await createMedia(catalog, {
    ...defaultsFromPool(pool),
    VolumeName: volume,
    PoolId: pool.PoolId,
    MediaType: storage.mediaType,
    MediaTypeId: mediaTypeId,
    StorageId,
    Slot: slot,
    InChanger: slot > 0 ? 1 : 0,
    VolStatus: "Append",
    Enabled: 1,
    ScratchPoolId: pool.ScratchPoolId,
    RecyclePoolId: pool.RecyclePoolId,
    ...labelled,
  });
  await updateMedia(catalog, media.MediaId, labelled);
}

/** A job that waits for this Volume goes on by itself; so a failure here is told, and no more. */
async function mountAfterwards(context: CommandContext, storage: StorageResource, drive: number, slot: number): Promise<void> {
  await context.say(`Requesting to mount ${deviceOf(storage)} ...\n`);
  try {
    await tellReplies(
      context,
      context.director.daemons.storageDaemon(storage.name).mount({ device: deviceOf(storage), slot, drive }, context.signal),
    );
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    await context.say(`${describeError(error)}\nDo not forget to mount the drive!!!\n`);
  }
}
