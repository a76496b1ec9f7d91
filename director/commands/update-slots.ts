import type { Catalog } from "#catalog/catalog.ts";
import { findMedia } from "#catalog/queries/media.ts";
import { listInChanger, putInSlot, takeFromSlot } from "#catalog/queries/slots.ts";
import { ensureStorage } from "#catalog/queries/storages.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import { askChanger, driveFor, listSlots, type SlotContent } from "./changer.ts";
import type { CommandContext } from "./command.ts";
import { selectStorage } from "./prompts.ts";
import { parseSlots } from "./slot-list.ts";

/** Brings the catalog's Slot and InChanger up to what the changer's barcodes say, or with `scan` the labels of the media themselves. */
export async function updateSlots(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const storage = await selectStorage(context, args);
  const drive = await driveFor(context, storage, args);
  const text = args.value("slots") ?? "";
  const wanted = text === "" ? undefined : parseSlots(text);
  const contents = await listSlots(context, storage, drive, wanted);
  const { StorageId } = await ensureStorage(catalog, { Name: storage.name, AutoChanger: isAutochanger(storage) ? 1 : 0 });
  for (const content of contents) {
    context.signal.throwIfAborted();
    const volume = args.has("scan") ? await labelOf(context, storage, drive, content.slot) : content.volume;
    await noteSlot(context, catalog, { slot: content.slot, volume, storageId: StorageId });
  }
  if (wanted === undefined) await noteMissing(context, catalog, StorageId, contents);
  context.director.engine.mediaChanged();
}

async function labelOf(context: CommandContext, storage: StorageResource, drive: number, slot: number): Promise<string> {
  try {
    const { places } = await askChanger(context, storage, { action: "labels", drive, slot });
    return places[0]?.barcode ?? "";
  } catch (error) {
    if (context.signal.aborted) throw error;
    return ""; // an empty slot cannot be loaded: what went wrong was shown
  }
}

async function noteSlot(
  context: CommandContext,
  catalog: Catalog,
  { slot, volume, storageId }: SlotContent & { readonly storageId: number },
): Promise<void> {
  const there = (await listInChanger(catalog, storageId)).filter((row) => row.Slot === slot);
  const media = volume === "" ? null : await findMedia(catalog, volume);
  const leave = async () => {
    for (const row of there) await takeFromSlot(catalog, row.MediaId);
  };
  if (volume === "") {
    await leave();
    if (there.length > 0) await context.say(`No VolName for Slot=${slot} InChanger set to zero.\n`);
  } else if (media === null) {
    await leave();
    await context.say(`Volume "${volume}" not found in catalog. Slot=${slot} InChanger set to zero.\n`);
  } else if (there.length === 1 && there[0]?.MediaId === media.MediaId) {
    await context.say(`Catalog record for Volume "${volume}" is up to date.\n`);
  } else {
    await catalog.transaction(async (tx) => await putInSlot(tx, media.MediaId, { storageId, slot }), { idempotent: true });
    await context.say(`Catalog record for Volume "${volume}" updated to reference slot ${slot}.\n`);
  }
}

/** Volumes that the catalog had in slots which the changer does not have. */
async function noteMissing(
  context: CommandContext,
  catalog: Catalog,
  storageId: number,
  contents: readonly SlotContent[],
): Promise<void> {
  const slots = new Set(contents.map(({ slot }) => slot));
  for (const row of await listInChanger(catalog, storageId)) {
    if (slots.has(row.Slot)) continue;
    await takeFromSlot(catalog, row.MediaId);
    await context.say(`Volume "${row.VolumeName}" is not in the changer. Slot=${row.Slot} InChanger set to zero.\n`);
  }
}
