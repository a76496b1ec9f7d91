import type { Catalog } from "#catalog/catalog.ts";
import { findMedia } from "#catalog/queries/media.ts";
import { ensureMediaType, ensureStorage } from "#catalog/queries/storages.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import { simpleName } from "../media/label-format.ts";
import { addVolume } from "../media/new-volume.ts";
import { poolPolicy } from "../media/pool-policy.ts";
import type { Command, CommandContext } from "./command.ts";
import { newVolumeName, poolFor, requireRoom, volumeNameFault } from "./write-label.ts";
import { askInteger, askText, askYesNo, selectStorage } from "./prompts.ts";

/** Volumes that are made at once at most. */
const VOLUMES_MAX = 1000;

/** Makes records of Volumes that have their labels already, or get them when they are first used. */
export const add: Command = {
  name: "add",
  help: "Add records of Volumes to a Pool without labelling them",
  usage: "[pool=<name>] [storage=<name>]",
  keywords: ["pool=", "storage="],
  async run(context, args) {
    const catalog = await context.catalog();
    await context.say(
      'You probably don\'t want to be using this command since it\ncreates database records without labeling the Volumes.\nYou probably want to use the "label" command.\n\n',
    );
    const pool = await poolFor(context, catalog, args);
    const storage = await selectStorage(context, args);
    const names = await askNames(context, catalog);
    requireRoom(pool, names.length);
    const place = await askPlace(context, storage);
    await addAll(context, catalog, { pool, storage, names, ...place });
    context.director.engine.mediaChanged();
    await context.say(`${names.length} Volumes created in pool ${pool.Name}\n`);
  },
};

async function askNames(context: CommandContext, catalog: Catalog): Promise<readonly string[]> {
  const count = await askInteger(context, `Enter number of Volumes to create. 0=>fixed name. Max=${VOLUMES_MAX}: `, {
    min: 0,
  });
  if (count > VOLUMES_MAX) throw new OperatorError("VALUE_REFUSED", `${count} is more than ${VOLUMES_MAX} Volumes at once`);
  if (count === 0) return [await newVolumeName(context, catalog, await askText(context, "Enter Volume name: "))];
  const base = await askText(context, "Enter base volume name: ");
  const first = await askInteger(context, "Enter the starting number: ", { min: 0 });
  const names = Array.from({ length: count }, (_unused, at) => simpleName(base, first + at));
  for (const name of names) {
    const fault = volumeNameFault(name);
    if (fault !== undefined) throw new OperatorError("VALUE_REFUSED", fault);
    if ((await findMedia(catalog, name)) !== null)
      throw new OperatorError("VALUE_REFUSED", `Volume "${name}" exists already; no Volume was created`);
  }
  return names;
}

/** Where the first Volume lies; the next ones lie in the next slots. */
async function askPlace(
  context: CommandContext,
  storage: StorageResource,
): Promise<{ readonly slot: number; readonly isInChanger: boolean }> {
  if (!isAutochanger(storage)) return { slot: 0, isInChanger: false };
  const slot = await askInteger(context, "Enter slot (0 or Enter for none): ", { min: 0, fallback: 0 });
  return { slot, isInChanger: slot > 0 && (await askYesNo(context, "InChanger? yes/no: ")) };
}

interface NewRecords {
  readonly pool: PoolRow;
  readonly storage: StorageResource;
  readonly names: readonly string[];
  readonly slot: number;
  readonly isInChanger: boolean;
}

async function addAll(context: CommandContext, catalog: Catalog, wanted: NewRecords): Promise<void> {
  const { pool, storage, names, slot, isInChanger } = wanted;
  const policy = poolPolicy(context.director.config().pools.get(pool.Name));
  const { StorageId } = await ensureStorage(catalog, { Name: storage.name, AutoChanger: isAutochanger(storage) ? 1 : 0 });
  const MediaTypeId = await ensureMediaType(catalog, storage.mediaType);
  for (const [at, VolumeName] of names.entries()) {
    context.signal.throwIfAborted();
    const place = { Slot: slot === 0 ? 0 : slot + at, InChanger: isInChanger ? 1 : 0 };
    await addVolume(catalog, pool, policy, { VolumeName, MediaType: storage.mediaType, MediaTypeId, StorageId, ...place });
  }
}
