import type { Catalog } from "#catalog/catalog.ts";
import { listPools } from "#catalog/queries/pools.ts";
import { listPrunableVolumes } from "#catalog/queries/retention.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import { parseCatalogTime } from "#lib/base/local-time.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { isPrecious } from "#catalog/queries/media-care.ts";
import { judgeVolumes, pruneVolumes, whyNotPrunable, type VolumesPruned } from "../retention/prune-volumes.ts";
import { KEPT_TOLD_MAX } from "../retention/prune-jobs.ts";
import { keptText } from "../retention/pruned-texts.ts";
import { waitingText } from "../retention/volume-pruner.ts";
import type { Arguments } from "./arguments.ts";
import { mayAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { tellUpgraded } from "./purge.ts";
import { askYesNo } from "./prompts.ts";
import { confirmRetention, poolOfCatalog, retentionParts } from "./retention-parts.ts";
import { requireUsablePlaces } from "./usable-places.ts";
import { selectVolume } from "./select-rows.ts";

/** Volumes that are judged together: their jobs are in memory at a time. */
const VOLUMES_PER_PORTION = 200;

/** `prune volume=X`. */
export async function pruneOneVolume(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const parts = retentionParts(context, catalog);
  const volume = await selectVolume(context, catalog, args.value("volume"));
  const why = await whyNotPrunable(parts, volume);
  if (why !== null) throw new OperatorError("VALUE_REFUSED", why);
  await requireUsablePlaces(context, catalog, [volume.StorageId]);
  const seconds = await confirmRetention(context, args, "Volume", volume.VolRetention);
  const asked = seconds === null ? volume : { ...volume, VolRetention: seconds };
  const { judged } = await judgeVolumes(parts, [asked], parts.now(), context.signal);
  await context.say(foundText(volume.VolumeName, judged.filter(({ verdict }) => verdict.kind === "goes").length));
  await tell(context, await pruneVolumes(parts, [asked], context.signal));
}

/** `prune expired volume`, or of `all` the Full and Used ones: those written last first, so that what is built upon goes after what builds on it. */
export async function pruneExpiredVolumes(context: CommandContext, catalog: Catalog, args: Arguments): Promise<void> {
  const volumes = await chosenVolumes(context, catalog, args);
  if (volumes.length === 0) return await context.say("No Volumes found to prune.\n");
  await context.say(`Found ${volumes.length} Volume${volumes.length === 1 ? "" : "s"} to prune.\n`);
  if (!args.has("yes") && !(await askYesNo(context, "Continue? (yes/no): "))) return;
  await requireUsablePlaces(
    context,
    catalog,
    volumes.map((volume) => volume.StorageId),
  );
  const parts = retentionParts(context, catalog);
  for (let at = 0; at < volumes.length; at += VOLUMES_PER_PORTION) {
    const portion = volumes.slice(at, at + VOLUMES_PER_PORTION);
    const pruned = await pruneVolumes(parts, portion, context.signal);
    const onVolumes = new Set(portion.map((volume) => volume.VolumeName)).size;
    await context.say(
      `Pruned ${pruned.removed} ${pruned.removed === 1 ? "Job" : "Jobs"} on ${onVolumes} Volume${onVolumes === 1 ? "" : "s"} from catalog.\n`,
    );
    await tell(context, pruned);
  }
}

async function tell(context: CommandContext, pruned: VolumesPruned): Promise<void> {
  const needed = pruned.judged.filter(({ verdict }) => verdict.kind === "needed");
  for (const line of keptText({ kept: needed.slice(0, KEPT_TOLD_MAX), needed: needed.length })) await context.say(`${line}\n`);
  for (const name of pruned.purged)
    await context.say(`There are no more Jobs associated with Volume "${name}". Marking it purged.\n`);
  for (const volume of pruned.waiting) await context.say(`${waitingText(volume)}\n`);
  await tellUpgraded(context, pruned.upgraded);
  if (pruned.purged.length > 0) context.director.engine.mediaChanged();
}

/** The Volumes that the keywords name: of one pool or all, of one Media Type, expired unless `all` is said, at most `limit`. */
async function chosenVolumes(context: CommandContext, catalog: Catalog, args: Arguments): Promise<readonly MediaRow[]> {
  const pool = await poolOfCatalog(context, catalog, args);
  if (args.has("allfrompool") && pool === null) throw new OperatorError("KEYWORD_VALUE", "allfrompool needs pool=<name>");
  const mediaType = args.value("mediatype");
  const limit = args.integer("limit", 1) ?? Number.MAX_SAFE_INTEGER;
  const names = new Map((await listPools(catalog)).map((row) => [row.PoolId, row.Name]));
  const found: MediaRow[] = [];
  const wanted = { ...(pool === null ? {} : { poolId: pool.PoolId }), ...(mediaType === undefined ? {} : { mediaType }) };
  for (const row of await listPrunableVolumes(catalog, wanted)) {
    if (!mayAccess(context.operator, { kind: "pool", name: names.get(row.PoolId) ?? "" })) continue;
    if (!args.has("all") && !isExpired(row, context.director.now())) continue;
    if (await isPrecious(catalog, row.MediaId)) continue;
    found.push(row);
  }
  // The oldest ones are asked for by a limit; they are still gone through from the newest to the oldest.
  return found.slice(-limit);
}

function isExpired(row: MediaRow, nowMs: number): boolean {
  const written = row.LastWritten === null ? null : parseCatalogTime(row.LastWritten);
  return written === null || written + row.VolRetention * 1000 < nowMs;
}

function foundText(name: string, jobs: number): string {
  return jobs === 0
    ? `Found no Job associated with the Volume "${name}" to prune\n`
    : `Found ${jobs} Job(s) associated with the Volume "${name}" that will be pruned\n`;
}
