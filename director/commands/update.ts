import type { Catalog } from "#catalog/catalog.ts";
import {
  defaultsFromPool,
  findMedia,
  listMediaOfPool,
  moveMedia,
  refreshNumVols,
  updateMedia,
  type MediaChanges,
} from "#catalog/queries/media.ts";
import { findPool, findPoolById, listPools } from "#catalog/queries/pools.ts";
import { updateStatistics } from "#catalog/queries/statistics.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { parseDuration } from "#lib/base/duration.ts";
import { parseSize } from "#lib/base/size.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { recordPool } from "../job/catalog-rows.ts";
import type { Arguments } from "./arguments.ts";
import { requireAccess } from "./authorize.ts";
import type { Command, CommandContext } from "./command.ts";
import { LeavePrompt } from "./command.ts";
import { askText, chooseOne, selectPool } from "./prompts.ts";
import { selectCatalogPool, selectVolume } from "./select-rows.ts";

/** Statuses that an operator may give a Volume. */
const STATUSES = ["Append", "Archive", "Disabled", "Full", "Used", "Cleaning", "Read-Only", "Error", "Recycle"] as const;
type Status = (typeof STATUSES)[number];

/** One thing that can be changed of a Volume. */
interface Field {
  readonly keyword: string;
  readonly title: string;
  readonly prompt: string;
  /** The change, and what to tell. Throws VALUE_REFUSED. */
  readonly change: (text: string, volume: MediaRow) => readonly [MediaChanges, string];
}

/** In the order and under the numbers of the menu; those that need more than one value stand in `menu` below. */
const fields: readonly Field[] = [
  {
    keyword: "volstatus",
    title: "Volume Status",
    prompt: `New Volume Status (${STATUSES.join(", ")}): `,
    change: (text, volume) => statusChange(text, volume),
  },
  {
    keyword: "volretention",
    title: "Volume Retention Period",
    prompt: "Enter Volume Retention period: ",
    change: (text) => [{ VolRetention: seconds(text) }, `New retention period is: ${seconds(text)} seconds`],
  },
  {
    keyword: "voluse",
    title: "Volume Use Duration",
    prompt: "Enter Volume Use Duration: ",
    change: (text) => [{ VolUseDuration: seconds(text) }, `New use duration is: ${seconds(text)} seconds`],
  },
  {
    keyword: "maxvoljobs",
    title: "Maximum Volume Jobs",
    prompt: "Enter new Maximum Jobs: ",
    change: (text) => [{ MaxVolJobs: whole(text) }, `New max jobs is: ${whole(text)}`],
  },
  {
    keyword: "maxvolfiles",
    title: "Maximum Volume Files",
    prompt: "Enter new Maximum Files: ",
    change: (text) => [{ MaxVolFiles: whole(text) }, `New max files is: ${whole(text)}`],
  },
  {
    keyword: "maxvolbytes",
    title: "Maximum Volume Bytes",
    prompt: "Enter new Maximum Bytes: ",
    change: (text) => [{ MaxVolBytes: bytes(text) }, `New Max bytes is: ${bytes(text)}`],
  },
  {
    keyword: "recycle",
    title: "Recycle Flag",
    prompt: "Recycle (yes/no): ",
    change: (text) => [{ Recycle: flag(text) }, `New Recycle flag is: ${flag(text) === 1 ? "yes" : "no"}`],
  },
  {
    keyword: "slot",
    title: "Slot",
    prompt: "Enter new Slot: ",
    change: (text) => [{ Slot: whole(text) }, `New Slot is: ${whole(text)}`],
  },
  {
    keyword: "inchanger",
    title: "InChanger Flag",
    prompt: "Set InChanger (yes/no): ",
    change: (text) => [{ InChanger: flag(text) }, `New InChanger flag is: ${flag(text) === 1 ? "yes" : "no"}`],
  },
  {
    keyword: "enabled",
    title: "Enabled",
    prompt: "Enabled (yes/no/archived): ",
    change: (text) => [{ Enabled: enabled(text) }, `New Enabled is: ${enabled(text)}`],
  },
  {
    keyword: "actiononpurge",
    title: "Action On Purge",
    prompt: "Action on purge (None/Truncate): ",
    change: (text) => [{ ActionOnPurge: action(text) }, `New Action On Purge is: ${action(text) === 1 ? "Truncate" : "None"}`],
  },
];

/** The menu of `update volume`; the numbers are Bacula's. */
const menu = [
  "Volume Status", "Volume Retention Period", "Volume Use Duration", "Maximum Volume Jobs", "Maximum Volume Files", "Maximum Volume Bytes", "Recycle Flag", "Slot",
  "InChanger Flag", "Volume Files", "Pool", "Volume from Pool", "All Volumes from Pool", "All Volumes from all Pools", "Enabled", "RecyclePool", "Action On Purge",
  "Cache Retention", "Done",
] as const; // prettier-ignore

/** Changes records of Volumes and Pools. */
export const update: Command = {
  name: "update",
  help: "Change records of Volumes and Pools",
  usage: `volume=<name> [volstatus=<status>] [volretention=<time>] [voluse=<time>] [maxvoljobs=<n>] [maxvolfiles=<n>] [maxvolbytes=<size>]
  [recycle=yes|no] [slot=<n>] [inchanger=yes|no] [enabled=yes|no|archived] [pool=<name>] [recyclepool=<name>] [actiononpurge=none|truncate]
  [frompool | allfrompool=<pool> | fromallpools] |
pool=<name> |
stats [days=<n>]`,
  keywords: [
    ...fields.map((field) => `${field.keyword}=`),
    "volume|media=?",
    "pool=?",
    "recyclepool=",
    "frompool",
    "allfrompool=?",
    "fromallpools",
    "stats|statistics",
    "days=",
  ],
  async run(context, args) {
    const catalog = await context.catalog();
    if (args.has("stats")) return await updateStats(context, catalog, args);
    if (args.has("fromallpools")) return await fromAllPools(context, catalog);
    if (args.has("allfrompool")) return await allFromPool(context, catalog, args.value("allfrompool"));
    if (args.has("volume")) return await updateVolume(context, catalog, args);
    if (args.has("pool")) return await updatePool(context, catalog, args);
    const at = await chooseOne(context, {
      title: "Update choice:",
      prompt: "Choose catalog item to update",
      choices: ["Volume parameters", "Pool from resource"],
    });
    await (at === 0 ? updateVolume(context, catalog, args) : updatePool(context, catalog, args));
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

async function updateVolume(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const volume = await selectVolume(context, catalog, args.value("volume"));
  const given = fields.filter((field) => args.has(field.keyword));
  const changes = given.map((field) => field.change(args.value(field.keyword)!, volume)); // all values are looked at before the first is stored
  const pool = args.value("pool");
  const recyclePool = args.value("recyclepool");
  for (const [change, told] of changes) await store(context, catalog, volume, change, told);
  if (pool !== undefined) await changePool(context, catalog, volume, pool);
  if (recyclePool !== undefined) await changeRecyclePool(context, catalog, volume, recyclePool);
  if (args.has("frompool")) await fromPool(context, catalog, volume);
  const isMenu = given.length === 0 && pool === undefined && recyclePool === undefined && !args.has("frompool");
  if (isMenu) await runMenu(context, catalog, volume.VolumeName);
  context.director.engine.mediaChanged();
}

async function store(
  context: CommandContext,
  catalog: Catalog,
  volume: MediaRow,
  changes: MediaChanges,
  told: string,
): Promise<void> {
  await updateMedia(catalog, volume.MediaId, changes);
  await context.say(`${told}\n`);
}

async function runMenu(context: CommandContext, catalog: Catalog, name: string): Promise<void> {
  for (;;) {
    const volume = await findMedia(catalog, name);
    if (volume === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Media record for Volume name "${name}" not found.`);
    await context.say(`Updating Volume "${name}"\n`);
    const chosen =
      menu[await chooseOne(context, { title: "Parameters to modify:", prompt: "Select parameter to modify", choices: menu })]!;
    if (chosen === "Done") return await context.say("Selection terminated.\n");
    try {
      await runMenuItem(context, catalog, volume, chosen);
    } catch (error) {
      if (!(error instanceof LeavePrompt)) throw error;
    }
  }
}

async function runMenuItem(
  context: CommandContext,
  catalog: Catalog,
  volume: MediaRow,
  chosen: (typeof menu)[number],
): Promise<void> {
  if (chosen === "Volume Status") return await askStatus(context, catalog, volume);
  if (chosen === "Pool") return await changePool(context, catalog, volume, (await selectCatalogPool(context, catalog)).Name);
  if (chosen === "RecyclePool")
    return await changeRecyclePool(context, catalog, volume, (await selectCatalogPool(context, catalog)).Name);
  if (chosen === "Volume from Pool") return await fromPool(context, catalog, volume);
  if (chosen === "All Volumes from Pool") return await allFromPool(context, catalog, undefined);
  if (chosen === "All Volumes from all Pools") return await fromAllPools(context, catalog);
  const field = fields.find((one) => one.title === chosen);
  if (field === undefined) return await context.say(`${chosen} cannot be changed in this release.\n`);
  const [change, told] = field.change(await askText(context, field.prompt), volume);
  await store(context, catalog, volume, change, told);
}

async function askStatus(context: CommandContext, catalog: Catalog, volume: MediaRow): Promise<void> {
  await context.say(`Current Volume status is: ${volume.VolStatus}\n`);
  const possible = STATUSES.filter((status) => status !== "Error" && (status !== "Recycle" || volume.VolStatus === "Purged"));
  const at = await chooseOne(context, { title: "Possible Values are:", prompt: "Choose new Volume Status", choices: possible });
  const [change, told] = statusChange(possible[at]!, volume);
  await store(context, catalog, volume, change, told);
}

function statusChange(text: string, volume: MediaRow): readonly [MediaChanges, string] {
  const status = STATUSES.find((one) => one.toLowerCase() === text.toLowerCase());
  if (status === undefined)
    throw new OperatorError("VALUE_REFUSED", `Invalid VolStatus specified: ${text}`, { hint: STATUSES.join(", ") });
  if (status === "Recycle" && volume.VolStatus !== "Purged")
    throw new OperatorError("VALUE_REFUSED", `Volume "${volume.VolumeName}" is not Purged, so it cannot become Recycle`);
  return [{ VolStatus: status satisfies Status }, `New Volume status is: ${status}`];
}

async function changePool(context: CommandContext, catalog: Catalog, volume: MediaRow, name: string): Promise<void> {
  requireAccess(context.operator, { kind: "pool", name });
  const pool = await findPool(catalog, name);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${name}"`);
  await updateMedia(catalog, volume.MediaId, { PoolId: pool.PoolId });
  await refreshNumVols(catalog, volume.PoolId);
  await refreshNumVols(catalog, pool.PoolId);
  await context.say(`New Pool is: ${name}\n`);
}

async function changeRecyclePool(context: CommandContext, catalog: Catalog, volume: MediaRow, name: string): Promise<void> {
  requireAccess(context.operator, { kind: "pool", name });
  const pool = await findPool(catalog, name);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${name}"`);
  await store(context, catalog, volume, { RecyclePoolId: pool.PoolId }, `New RecyclePool is: ${name}`);
}

async function fromPool(context: CommandContext, catalog: Catalog, volume: MediaRow): Promise<void> {
  const pool = await findPoolById(catalog, volume.PoolId);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Volume "${volume.VolumeName}" is in no Pool`);
  await moveMedia(catalog, volume, pool);
  await context.say(`Volume defaults updated from "${pool.Name}" Pool record.\n`);
}

async function allFromPool(context: CommandContext, catalog: Catalog, name: string | undefined): Promise<void> {
  const pool = name === undefined || name === "" ? await selectCatalogPool(context, catalog) : await findPool(catalog, name);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${name}"`);
  requireAccess(context.operator, { kind: "pool", name: pool.Name });
  for (const volume of await listMediaOfPool(catalog, pool.PoolId)) {
    context.signal.throwIfAborted();
    await updateMedia(catalog, volume.MediaId, defaultsFromPool(pool));
  }
  await context.say(`All Volume defaults updated from "${pool.Name}" Pool record.\n`);
}

async function fromAllPools(context: CommandContext, catalog: Catalog): Promise<void> {
  for (const pool of await listPools(catalog)) await allFromPool(context, catalog, pool.Name);
}

function refused(text: string, what: string): OperatorError {
  return new OperatorError("VALUE_REFUSED", `"${text}" is no ${what}`);
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text.trim())) throw refused(text, "whole number");
  return Number(text);
}

function seconds(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", error instanceof Error ? error.message : String(error));
  }
}

function bytes(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    throw new OperatorError("VALUE_REFUSED", error instanceof Error ? error.message : String(error));
  }
}

function flag(text: string): 0 | 1 {
  const folded = text.trim().toLowerCase();
  if (["yes", "true", "1"].includes(folded)) return 1;
  if (["no", "false", "0"].includes(folded)) return 0;
  throw refused(text, "yes or no");
}

function enabled(text: string): 0 | 1 | 2 {
  return ["archived", "2"].includes(text.trim().toLowerCase()) ? 2 : flag(text);
}

function action(text: string): 0 | 1 {
  const folded = text.trim().toLowerCase();
  if (folded === "truncate") return 1;
  if (folded === "none") return 0;
  throw refused(text, "action: None or Truncate");
}
