import type { Catalog } from "#catalog/catalog.ts";
import { findMedia, updateMedia } from "#catalog/queries/media.ts";
import { putInSlot } from "#catalog/queries/slots.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import { driveFor, listSlots, type SlotContent } from "./changer.ts";
import type { CommandContext } from "./command.ts";
import { policyFor, poolFor, recordVolume, volumeNameFault, writeLabel } from "./write-label.ts";
import { askYesNo, selectStorage } from "./prompts.ts";
import { parseSlots } from "./slot-list.ts";

/** Where the Pool names no Cleaning Prefix: a cleaning tape that is labeled as a Volume would be worn out by the first job. */
const CLEANING_PREFIX = "CLN";

/** Labels the media of a changer with their barcodes and records them. A failure with one medium does not hinder the others. */
export async function labelBarcodes(context: CommandContext, args: Arguments): Promise<void> {
  const catalog = await context.catalog();
  const storage = await selectStorage(context, args);
  const drive = await driveFor(context, storage, args);
  const text = args.value("slots") ?? args.value("slot") ?? "";
  const contents = (await listSlots(context, storage, drive, text === "" ? undefined : parseSlots(text))).filter(
    ({ volume }) => volume !== "",
  );
  if (contents.length === 0) return await context.say("No Volumes found to label, or no barcodes.\n");
  const rows = contents.map(({ slot, volume }) => `${String(slot).padStart(4)}  ${volume}\n`).join("");
  await context.say(`The following Volumes will be labeled:\nSlot  Volume\n==============\n${rows}`);
  if (!args.has("yes") && !(await askYesNo(context, "Do you want to label these Volumes? (yes|no): "))) return;
  const pool = await poolFor(context, catalog, args);
  for (const content of contents) {
    context.signal.throwIfAborted();
    await labelOne(context, catalog, { ...content, storage, drive, pool });
  }
  context.director.engine.mediaChanged();
}

interface BarcodeLabel extends SlotContent {
  readonly storage: StorageResource;
  readonly drive: number;
  readonly pool: PoolRow;
}

async function labelOne(context: CommandContext, catalog: Catalog, wanted: BarcodeLabel): Promise<void> {
  const { slot, volume, pool, storage } = wanted;
  const fault = volumeNameFault(volume);
  const media = await findMedia(catalog, volume);
  if (fault !== undefined) return await context.say(`${fault}\n`);
  if (media !== null && (media.VolBytes > 0 || media.VolStatus === "Cleaning"))
    return await context.say(`Media record for Slot ${slot} Volume "${volume}" already exists.\n`);
  const made = { storage, volume, slot, pool, nowMs: context.director.now(), policy: policyFor(context, pool) };
  if (isCleaning(context, wanted)) {
    if (media === null) await recordVolume(catalog, { ...made, state: undefined });
    const row = await findMedia(catalog, volume);
    if (row !== null) await updateMedia(catalog, row.MediaId, { VolStatus: "Cleaning" });
    return await context.say(`Catalog record for cleaning tape "${volume}" successfully created.\n`);
  }
  try {
    const state = await writeLabel(context, wanted);
    if (media === null) await recordVolume(catalog, { ...made, state });
    const row = await findMedia(catalog, volume);
    if (row !== null)
      await catalog.transaction(
        async (tx) => {
          await putInSlot(tx, row.MediaId, { storageId: row.StorageId, slot });
          await updateMedia(tx, row.MediaId, { VolBytes: state?.bytes ?? 0, LabelDate: catalogTime(made.nowMs) });
        },
        { idempotent: true },
      );
    await context.say(`Catalog record for Volume "${volume}", Slot ${slot}  successfully created.\n`);
  } catch (error) {
    if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
    context.fail(1);
    await context.say(`${describeError(error)}\n`);
  }
}

function isCleaning(context: CommandContext, { pool, volume }: BarcodeLabel): boolean {
  const prefix = context.director.config().pools.get(pool.Name)?.cleaningPrefix ?? CLEANING_PREFIX;
  return prefix !== "" && volume.startsWith(prefix);
}
