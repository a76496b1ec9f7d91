import type { Catalog } from "#catalog/catalog.ts";
import { findMedia, updateMedia } from "#catalog/queries/media.ts";
import { changeMediaCare } from "#catalog/queries/media-care.ts";
import { listMediaToVerify } from "#catalog/queries/media-verify.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { catalogTime } from "#lib/base/local-time.ts";
import { describeError, OperatorError } from "#lib/errors/operator-error.ts";
import type { DeviceReply, MediumFindings, MediumRequest } from "#proto/stored.ts";
import type { StorageResource } from "../config/storage.ts";
import type { Arguments } from "./arguments.ts";
import { deviceOf, driveFor } from "./changer.ts";
import type { Command, CommandContext } from "./command.ts";
import { tellReplies } from "./mount.ts";
import { askYesNo, selectStorage } from "./prompts.ts";
import { requireNotPrecious } from "./retention-parts.ts";

/** Shows the label of a Volume as it stands on the medium. */
export const dump: Command = {
  name: "dump",
  help: "Show the label of a Volume on its medium",
  usage: "label storage=<name> [volume=<name>] [slot=<n>] [drive=<n>]",
  keywords: ["label", "storage=", "volume=", "slot=", "drive="],
  async run(context, args) {
    const storage = await selectStorage(context, args);
    await tellReplies(context, await ask(context, storage, args, { action: "label", volume: args.value("volume") ?? "" }));
  },
};

/** Reads whole Volumes and checks every block; the catalog keeps when, and what was found. */
export const scan: Command = {
  name: "scan",
  help: "Read a whole Volume and check it",
  usage: "storage=<name> volume=<name> [slot=<n>] [drive=<n>] | storage=<name> oldest=<n>",
  keywords: ["storage=", "volume=", "slot=", "drive=", "oldest="],
  async run(context, args) {
    const storage = await selectStorage(context, args);
    const catalog = await context.catalog();
    const oldest = args.integer("oldest", 1);
    for (const other of ["volume", "slot"])
      if (oldest !== undefined && args.has(other))
        throw new OperatorError("KEYWORD_VALUE", `scan: oldest chooses the Volumes, and ${other} another one`, {
          hint: "give one of them",
        });
    if (oldest === undefined) return await scanVolume(context, catalog, { storage, args, volume: args.value("volume") ?? "" });
    const volumes = await listMediaToVerify(catalog, { storage: storage.name, limit: oldest });
    if (volumes.length === 0) await context.say(`No Volume of Storage "${storage.name}" is there to be read.\n`);
    for (const volume of volumes) {
      context.signal.throwIfAborted();
      try {
        await scanVolume(context, catalog, { storage, args, volume });
      } catch (error) {
        // One that is in use, or gone, does not keep the others from it.
        if (!(error instanceof OperatorError) || context.signal.aborted) throw error;
        context.fail(1);
        await context.say(`${describeError(error)}\n`);
      }
    }
  },
};

/** Runs a device's Format Command. */
export const format: Command = {
  name: "format",
  help: "Format a medium with the device's Format Command",
  usage: "storage=<name> volume=<name> [slot=<n>] [drive=<n>] [yes]",
  keywords: ["storage=", "volume=", "slot=", "drive=", "yes"],
  async run(context, args) {
    const storage = await selectStorage(context, args);
    const volume = args.value("volume") ?? "";
    if (volume === "")
      throw new OperatorError("KEYWORD_VALUE", "format: which Volume?", {
        hint: "give volume=<name>: that of the medium, or of what it will become",
      });
    const catalog = await context.catalog();
    const row = await findMedia(catalog, volume);
    if (row !== null) await mayBeFormatted(catalog, row);
    const question = `All that is on Volume "${volume}" will be lost. Format it? (yes/no): `;
    if (!args.has("yes") && !(await askYesNo(context, question))) return;
    await tellReplies(context, await ask(context, storage, args, { action: "format", volume }));
  },
};

/** Loads a cleaning cartridge into a drive. */
export const clean: Command = {
  name: "clean",
  help: "Clean a drive with a cleaning cartridge",
  usage: "storage=<name> [drive=<n>] [slot=<n> | volume=<barcode>]",
  keywords: ["storage=", "volume=", "slot=", "drive="],
  async run(context, args) {
    const storage = await selectStorage(context, args);
    await tellReplies(context, await ask(context, storage, args, { action: "clean", volume: args.value("volume") ?? "" }));
  },
};

async function ask(
  context: CommandContext,
  storage: StorageResource,
  args: Arguments,
  wish: Pick<MediumRequest, "action" | "volume">,
): Promise<AsyncIterable<DeviceReply>> {
  const request = {
    device: deviceOf(storage),
    slot: args.integer("slot") ?? 0,
    drive: await driveFor(context, storage, args),
    ...wish,
  };
  return context.director.daemons.storageDaemon(storage.name).medium(request, context.signal);
}

async function scanVolume(
  context: CommandContext,
  catalog: Catalog,
  wish: { readonly storage: StorageResource; readonly args: Arguments; readonly volume: string },
): Promise<void> {
  const { storage, args, volume } = wish;
  const last = await tellReplies(context, await ask(context, storage, args, { action: "scan", volume }));
  const findings = last?.findings;
  if (findings === undefined) return;
  const row = await findMedia(catalog, findings.volume);
  if (row !== null) await keepFindings(context, catalog, row, findings);
  if (findings.badBlocks > 0) context.fail(1);
}

/** Writes down what a scan has found. Nothing more is appended to a Volume with bad blocks. */
async function keepFindings(context: CommandContext, catalog: Catalog, row: MediaRow, findings: MediumFindings): Promise<void> {
  const { badBlocks, bytes } = findings;
  const isGood = badBlocks === 0 && bytes >= row.VolBytes;
  const now = catalogTime(context.director.now());
  await catalog.transaction(async (tx) => {
    await changeMediaCare(tx, row.MediaId, { badBlocks, ...(isGood ? { lastVerified: now } : {}) });
    if (!isGood && row.VolStatus === "Append") await updateMedia(tx, row.MediaId, { VolStatus: "Error" });
  });
  if (bytes < row.VolBytes)
    await context.say(
      `Volume "${row.VolumeName}" is too short: The sizes do not match! Volume=${bytes} Catalog=${row.VolBytes}\n`,
    );
  if (!isGood && row.VolStatus === "Append")
    await context.say(`Volume "${row.VolumeName}" is marked in Error: nothing more is appended to it.\n`);
}

/** VALUE_REFUSED for a Volume whose data somebody may still want. */
async function mayBeFormatted(catalog: Catalog, row: MediaRow): Promise<void> {
  await requireNotPrecious(catalog, row, "formatted");
  const isFree = row.VolStatus === "Purged" || row.VolStatus === "Recycle" || row.VolJobs === 0;
  if (isFree) return;
  throw new OperatorError(
    "VALUE_REFUSED",
    `Volume "${row.VolumeName}" has VolStatus "${row.VolStatus}" and holds jobs: it is not formatted`,
    { hint: `type: purge volume=${row.VolumeName}, which deletes its jobs` },
  );
}
