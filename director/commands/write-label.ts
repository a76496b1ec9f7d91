import type { Catalog } from "#catalog/catalog.ts";
import { findMedia, updateMedia } from "#catalog/queries/media.ts";
import { ensureMediaType, ensureStorage } from "#catalog/queries/storages.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { VolumeState } from "#proto/job.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import { addVolume } from "../media/new-volume.ts";
import { poolPolicy, type PoolPolicy } from "../media/pool-policy.ts";
import type { Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import { deviceOf } from "./changer.ts";
import type { CommandContext } from "./command.ts";
import { tellReplies } from "./mount.ts";
import { askText } from "./prompts.ts";
import { selectCatalogPool } from "./select-rows.ts";

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

/** Adds a labelled Volume to the catalog, with what its Pool says of new Volumes. */
export async function recordVolume(
  catalog: Catalog,
  made: NewVolume & { readonly state: VolumeState | undefined; readonly nowMs: number; readonly policy: PoolPolicy },
): Promise<void> {
  const { storage, volume, slot, pool, state, nowMs, policy } = made;
  const { StorageId } = await ensureStorage(catalog, { Name: storage.name, AutoChanger: isAutochanger(storage) ? 1 : 0 });
  const labelled = {
    VolBytes: state?.bytes ?? 0,
    VolBlocks: state?.blocks ?? 0,
    VolType: state?.volType ?? 0,
    LabelDate: catalogTime(nowMs),
  };
  const media = await addVolume(catalog, pool, policy, {
    VolumeName: volume,
    MediaType: storage.mediaType,
    MediaTypeId: await ensureMediaType(catalog, storage.mediaType),
    StorageId,
    Slot: slot,
    InChanger: slot > 0 ? 1 : 0,
    ...labelled,
  });
  await updateMedia(catalog, media.MediaId, labelled);
}

/** What the configuration says of the Pool's new Volumes. */
export function policyFor(context: CommandContext, pool: Pick<PoolRow, "Name">): PoolPolicy {
  return poolPolicy(context.director.config().pools.get(pool.Name));
}

/** Throws VALUE_REFUSED if so many Volumes more would be more than Maximum Volumes. */
export function requireRoom(pool: PoolRow, more = 1): void {
  if (pool.MaxVols === 0 || pool.NumVols + more <= pool.MaxVols) return;
  throw new OperatorError(
    "VALUE_REFUSED",
    `Pool "${pool.Name}" has ${pool.NumVols} Volumes, and Maximum Volumes is ${pool.MaxVols}`,
    {
      hint: "raise Maximum Volumes of the Pool, or delete or move a Volume",
    },
  );
}
