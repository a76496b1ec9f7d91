import type { Catalog } from "#catalog/catalog.ts";
import { changeMediaCare, findMediaCare } from "#catalog/queries/media-care.ts";
import { defaultsFromPool, findMedia, listMediaOfPool, refreshNumVols, updateMedia } from "#catalog/queries/media.ts";
import { findPool, findPoolById, listPools } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { poolPolicy } from "../media/pool-policy.ts";
import { operatorName, requireAccess } from "./authorize.ts";
import type { Arguments } from "./arguments.ts";
import { LeavePrompt, type CommandContext } from "./command.ts";
import { askText, askYesNo, chooseOne } from "./prompts.ts";
import { selectCatalogPool, selectVolume } from "./select-rows.ts";
import { OPERATOR_STATUSES, statusChange, volumeFields, type FieldChange, type VolumeBefore } from "./volume-fields.ts";

/** The menu of `update volume`; the numbers are Bacula's, what is ours comes behind them. */
const menu = [
  "Volume Status", "Volume Retention Period", "Volume Use Duration", "Maximum Volume Jobs", "Maximum Volume Files", "Maximum Volume Bytes", "Recycle Flag", "Slot",
  "InChanger Flag", "Volume Files", "Pool", "Volume from Pool", "All Volumes from Pool", "All Volumes from all Pools", "Enabled", "RecyclePool", "Action On Purge",
  "Cache Retention", "Done", "Volume Bytes", "Precious", "Max Writes", "Volume Capacity",
] as const; // prettier-ignore

/** Keywords of `update volume`. */
export const volumeKeywords = [
  ...volumeFields.map((field) => `${field.keyword}=`),
  "volume|media=?",
  "recyclepool=",
  "frompool",
  "allfrompool=?",
  "fromallpools",
  "force=?",
  "yes",
];

/** Changes the record of one Volume: by keywords, all or none of them, or by the menu. */
export async function updateVolume(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const row = await selectVolume(context, catalog, args.value("volume"));
  const before = await volumeBefore(catalog, row, isForced(args));
  const given = volumeFields.filter((field) => args.has(field.keyword));
  const changes = given.map((field) => field.change(args.value(field.keyword)!, before)); // all values are looked at before the first is stored
  const pool = args.value("pool");
  const recyclePool = args.value("recyclepool");
  const [target, recycleTarget] = [await poolOf(context, catalog, pool), await poolOf(context, catalog, recyclePool)];
  for (const change of changes) await store(context, catalog, row, change);
  if (target !== null) await changePool(context, catalog, row, target);
  if (recycleTarget !== null) await changeRecyclePool(context, catalog, row, recycleTarget);
  if (args.has("frompool")) await fromPool(context, catalog, row);
  const isMenu = given.length === 0 && pool === undefined && recyclePool === undefined && !args.has("frompool");
  if (isMenu) await runMenu(context, catalog, row.VolumeName);
  context.director.engine.mediaChanged();
}

/** Gives all Volumes of a pool the pool's defaults. */
export async function allFromPool(context: CommandContext, catalog: Catalog, name: string | undefined): Promise<void> {
  const pool = (await poolOf(context, catalog, name === "" ? undefined : name)) ?? (await selectCatalogPool(context, catalog));
  requireAccess(context.operator, { kind: "pool", name: pool.Name });
  for (const volume of await listMediaOfPool(catalog, pool.PoolId)) {
    context.signal.throwIfAborted();
    await takeDefaults(context, catalog, volume, pool);
  }
  await context.say(`All Volume defaults updated from "${pool.Name}" Pool record.\n`);
}

/** The same for all pools. */
export async function fromAllPools(context: CommandContext, catalog: Catalog): Promise<void> {
  for (const pool of await listPools(catalog)) await allFromPool(context, catalog, pool.Name);
}

/** `force`, `force=yes` and `force yes` all mean it. */
function isForced(args: Arguments): boolean {
  return args.has("force") && (args.value("force") === undefined || args.flag("force") === true);
}

async function volumeBefore(catalog: Catalog, row: MediaRow, forced: boolean): Promise<VolumeBefore> {
  return { row, care: await findMediaCare(catalog, row.MediaId), isForced: forced };
}

async function store(context: CommandContext, catalog: Catalog, volume: MediaRow, change: FieldChange): Promise<void> {
  if (change.warning !== undefined) {
    await context.say(`Warning: ${change.warning}\n`);
    context.director.audit(`${operatorName(context.operator)}: ${change.warning}`);
  }
  if (change.media !== undefined) await updateMedia(catalog, volume.MediaId, change.media);
  if (change.care !== undefined) await changeMediaCare(catalog, volume.MediaId, change.care);
  await context.say(`${change.told}\n`);
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
      if (error instanceof OperatorError && !context.signal.aborted) await context.say(`${error.message}\n`);
      else if (!(error instanceof LeavePrompt)) throw error;
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
  if (chosen === "Pool") return await changePool(context, catalog, volume, await selectCatalogPool(context, catalog));
  if (chosen === "RecyclePool")
    return await changeRecyclePool(context, catalog, volume, await selectCatalogPool(context, catalog));
  if (chosen === "Volume from Pool") return await fromPool(context, catalog, volume);
  if (chosen === "All Volumes from Pool") return await allFromPool(context, catalog, undefined);
  if (chosen === "All Volumes from all Pools") return await fromAllPools(context, catalog);
  const field = volumeFields.find((one) => one.title === chosen)!;
  if (chosen === "Volume Files") await warnOfFiles(context, volume);
  const text = await askText(context, field.prompt);
  if (chosen === "Volume Files" && !(await mayRaiseFiles(context, volume, text))) return;
  await store(context, catalog, volume, field.change(text, await volumeBefore(catalog, volume, false)));
}

async function warnOfFiles(context: CommandContext, volume: MediaRow): Promise<void> {
  await context.say("Warning changing Volume Files can result\nin loss of data on your Volume\n\n");
  await context.say(`Current Volume Files is: ${volume.VolFiles}\n`);
}

async function mayRaiseFiles(context: CommandContext, volume: MediaRow, text: string): Promise<boolean> {
  if (Number(text) <= volume.VolFiles + 1) return true;
  await context.say("Normally, you should only increase Volume Files by one!\n");
  return await askYesNo(context, "Increase Volume Files? (yes/no): ");
}

async function askStatus(context: CommandContext, catalog: Catalog, volume: MediaRow): Promise<void> {
  await context.say(`Current Volume status is: ${volume.VolStatus}\n`);
  const possible = OPERATOR_STATUSES.filter(
    (status) => status !== "Error" && (status !== "Recycle" || volume.VolStatus === "Purged"),
  );
  const at = await chooseOne(context, { title: "Possible Values are:", prompt: "Choose new Volume Status", choices: possible });
  await store(context, catalog, volume, statusChange(possible[at]!, await volumeBefore(catalog, volume, false)));
}

/** The pool of this name; null for none. Throws CATALOG_ROW_UNKNOWN. */
async function poolOf(context: CommandContext, catalog: Catalog, name: string | undefined): Promise<PoolRow | null> {
  if (name === undefined) return null;
  requireAccess(context.operator, { kind: "pool", name });
  const pool = await findPool(catalog, name);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Could not find Pool "${name}"`);
  return pool;
}

async function changePool(context: CommandContext, catalog: Catalog, volume: MediaRow, pool: PoolRow): Promise<void> {
  await updateMedia(catalog, volume.MediaId, { PoolId: pool.PoolId });
  await refreshNumVols(catalog, volume.PoolId);
  await refreshNumVols(catalog, pool.PoolId);
  await context.say(`New Pool is: ${pool.Name}\n`);
}

async function changeRecyclePool(context: CommandContext, catalog: Catalog, volume: MediaRow, pool: PoolRow): Promise<void> {
  await store(context, catalog, volume, {
    media: { RecyclePoolId: pool.PoolId },
    told: `New RecyclePool is: ${pool.Name}`,
  });
}

async function fromPool(context: CommandContext, catalog: Catalog, volume: MediaRow): Promise<void> {
  const now = await findMedia(catalog, volume.VolumeName);
  const pool = now === null ? null : await findPoolById(catalog, now.PoolId);
  if (pool === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Volume "${volume.VolumeName}" is in no Pool`);
  await takeDefaults(context, catalog, volume, pool);
  await context.say(`Volume defaults updated from "${pool.Name}" Pool record.\n`);
}

async function takeDefaults(context: CommandContext, catalog: Catalog, volume: MediaRow, pool: PoolRow): Promise<void> {
  const resource = context.director.config().pools.get(pool.Name);
  const { capacity, maxWrites } = poolPolicy(resource);
  await updateMedia(catalog, volume.MediaId, {
    ...defaultsFromPool(pool),
    ...(resource?.origin.written.has("volumeCapacity") === true ? { VolCapacityBytes: capacity } : {}),
  });
  if (resource?.origin.written.has("maximumVolumeWrites") === true)
    await changeMediaCare(catalog, volume.MediaId, { maxWrites });
}
