import type { Catalog } from "#catalog/catalog.ts";
import { findStorageById } from "#catalog/queries/storages.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { StorageResource } from "../config/storage.ts";
import type { CommandContext } from "./command.ts";

/** A device that is only read by configuration is as its administrator wants it. */
const ON_PURPOSE = "declared Read Only";

/**
 * Throws DEVICE_PLACE_UNUSABLE, naming the path, if a directory of one of these storages is not mounted, read-only or cannot be written to: what was
 * pruned then could not be freed, and what looks lost may come back with the mount. Storages that cannot be asked or have no directory hinder nobody.
 */
export async function requireUsablePlaces(
  context: CommandContext,
  catalog: Catalog,
  storageIds: Iterable<number>,
): Promise<void> {
  for (const storageId of new Set(storageIds)) {
    const name = (await findStorageById(catalog, storageId))?.Name ?? "";
    const storage = context.director.config().storages.get(name);
    if (storage === undefined) continue;
    const problem = await problemOf(context, storage);
    if (problem !== undefined)
      throw new OperatorError("DEVICE_PLACE_UNUSABLE", `Storage "${name}" cannot be pruned: ${problem}`, {
        hint: "nothing was pruned; if this place is gone for good, delete its Volumes",
      });
  }
}

async function problemOf(context: CommandContext, storage: StorageResource): Promise<string | undefined> {
  try {
    const daemon = context.director.daemons.storageDaemon(storage.name);
    const spaces = await daemon.space({ devices: [...storage.device] }, context.signal);
    return spaces.find(({ problem }) => problem !== "" && !problem.includes(ON_PURPOSE))?.problem;
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    return undefined;
  }
}
