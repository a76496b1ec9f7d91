import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import { isAutochanger, type StorageResource } from "../config/storage.ts";
import { isCleaningName } from "../media/pool-policy.ts";
import type { Command, CommandContext } from "./command.ts";
import { deviceOf, driveFor } from "./changer.ts";
import { labelBarcodes } from "./label-barcodes.ts";
import { tellReplies } from "./mount.ts";
import { askInteger, selectStorage } from "./prompts.ts";
import { newVolumeName, policyFor, poolFor, recordVolume, requireRoom, writeLabel } from "./write-label.ts";

/** Writes a label on a new Volume and records it in the catalog. */
export const label: Command = {
  name: "label",
  help: "Label a new Volume",
  usage: `storage=<name> volume=<name> pool=<name> [slot=<n>] [drive=<n>] |
barcodes storage=<name> pool=<name> [slots=<list>] [drive=<n>] [yes]`,
  keywords: ["storage=", "volume|name=", "pool=", "slot=", "drive=", "barcodes|barcode", "slots=", "yes"],
  async run(context, args) {
    const catalog = await context.catalog();
    for (const other of args.has("barcodes") ? ["volume", "slot"] : ["slots"])
      if (args.has(other))
        throw new OperatorError(
          "KEYWORD_VALUE",
          `label: ${other} says nothing ${args.has("barcodes") ? "with" : "without"} barcodes`,
        );
    if (args.has("barcodes")) return await labelBarcodes(context, args);
    const storage = await selectStorage(context, args);
    const drive = await driveFor(context, storage, args);
    const volume = await newVolumeName(context, catalog, args.value("volume"));
    const slot =
      args.integer("slot") ??
      (isAutochanger(storage) ? await askInteger(context, "Enter slot (0 or Enter for none): ", { min: 0, fallback: 0 }) : 0);
    const pool = await poolFor(context, catalog, args);
    requireRoom(pool);
    const policy = policyFor(context, pool);
    const made = { storage, volume, slot, pool, nowMs: context.director.now(), policy };
    if (isCleaningName(volume, policy)) {
      await recordVolume(catalog, { ...made, state: undefined });
      return await context.say(`Catalog record for cleaning tape "${volume}" successfully created.\n`);
    }
    await recordVolume(catalog, { ...made, state: await writeLabel(context, { storage, drive, volume, slot, pool }) });
    await context.say(`Catalog record for Volume "${volume}", Slot ${slot}  successfully created.\n`);
    context.director.engine.mediaChanged();
    if (context.settings.autoMount) await mountAfterwards(context, storage, drive, slot);
    else await context.say("Do not forget to mount the drive!!!\n");
  },
};

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
