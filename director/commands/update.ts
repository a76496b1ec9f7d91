import type { Catalog } from "#catalog/catalog.ts";
import { updateStatistics } from "#catalog/queries/statistics.ts";
import { recordPool } from "../job/catalog-rows.ts";
import type { Arguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { chooseOne, selectPool } from "./prompts.ts";
import { updateSlots } from "./update-slots.ts";
import { allFromPool, fromAllPools, updateVolume, volumeKeywords } from "./update-volume.ts";

/** Changes records of Volumes and Pools. */
export const update: Command = {
  name: "update",
  help: "Change records of Volumes and Pools",
  usage: `volume=<name> [volstatus=<status>] [volretention=<time>] [voluse=<time>] [maxvoljobs=<n>] [maxvolfiles=<n>] [maxvolbytes=<size>]
  [recycle=yes|no] [slot=<n>] [inchanger=yes|no] [enabled=yes|no|archived] [pool=<name>] [recyclepool=<name>] [actiononpurge=none|truncate]
  [cacheretention=<time>] [volfiles=<n>] [volbytes=<size>] [force yes] [precious=yes|no] [maxwrites=<n>] [volcapacity=<size>]
  [frompool | allfrompool=<pool> | fromallpools] |
pool=<name> |
slots[=<list>] storage=<name> [drive=<n>] [scan] |
stats [days=<n>]`,
  keywords: [...volumeKeywords, "pool=?", "slots=?", "storage=", "drive=", "scan", "stats|statistics", "days="],
  async run(context, args) {
    const catalog = await context.catalog();
    if (args.has("slots")) return await updateSlots(context, catalog, args);
    if (args.has("stats")) return await updateStats(context, catalog, args);
    if (args.has("fromallpools")) return await fromAllPools(context, catalog);
    if (args.has("allfrompool")) return await allFromPool(context, catalog, args.value("allfrompool"));
    if (args.has("volume")) return await updateVolume(context, catalog, args);
    if (args.has("pool")) return await updatePool(context, catalog, args);
    const at = await chooseOne(context, {
      title: "Update choice:",
      prompt: "Choose catalog item to update",
      choices: ["Volume parameters", "Pool from resource", "Slots from autochanger"],
    });
    await [updateVolume, updatePool, updateSlots][at]?.(context, catalog, args);
  },
};

/** Copies ended jobs that are at least so many days old to JobHisto, where they are kept when their jobs are pruned. */
async function updateStats(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const days = args.integer("days") ?? 0;
  const copied = await updateStatistics(catalog, Math.ceil(context.director.now() / 1000) - days * 86_400);
  await context.say(`Updating ${copied} job(s).\n`);
}

async function updatePool(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const pool = await selectPool(context, args);
  await recordPool(catalog, pool);
  await context.say(`Pool "${pool.name}": Pool DB record updated from resource.\n`);
  context.director.engine.mediaChanged();
}
