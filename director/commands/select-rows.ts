import type { Catalog } from "#catalog/catalog.ts";
import { findMedia, listMediaOfPool } from "#catalog/queries/media.ts";
import { findPoolById, listPools } from "#catalog/queries/pools.ts";
import type { MediaRow } from "#catalog/schema/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { mayAccess, requireAccess } from "./authorize.ts";
import type { CommandContext } from "./command.ts";
import { askText, chooseOne } from "./prompts.ts";
import { showRows } from "./catalog-table.ts";
import { listRows } from "#catalog/queries/list.ts";
import { catalogTime } from "#lib/base/local-time.ts";

/** Lets the operator choose a pool of the catalog. */
export async function selectCatalogPool(context: CommandContext, catalog: Catalog): Promise<PoolRow> {
  const pools = (await listPools(catalog)).filter((pool) => mayAccess(context.operator, { kind: "pool", name: pool.Name }));
  const at = await chooseOne(context, {
    title: "Defined Pools:",
    prompt: "Select the Pool",
    choices: pools.map((pool) => pool.Name),
    automatic: "Pool",
  });
  return pools[at]!;
}

/** The Volume of this name, or one that the operator chooses from a pool by name or MediaId. Throws CATALOG_ROW_UNKNOWN. */
export async function selectVolume(context: CommandContext, catalog: Catalog, name: string | undefined): Promise<MediaRow> {
  if (name !== undefined && name !== "") return await allowed(context, catalog, await findMedia(catalog, name), name);
  const pool = await selectCatalogPool(context, catalog);
  const volumes = await listMediaOfPool(catalog, pool.PoolId);
  const rows = await listRows(
    catalog,
    { kind: "media", pool: pool.Name, now: catalogTime(context.director.now()) },
    context.signal,
  );
  await showRows(context, rows, { name: "media", vertical: false });
  if (volumes.length === 0) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Pool "${pool.Name}" has no Volume`);
  const answer = await askText(context, "Enter a Volume name or *MediaId: ");
  const found = volumes.find(
    (volume) => volume.VolumeName === answer || `*${volume.MediaId}` === answer || String(volume.MediaId) === answer,
  );
  return await allowed(context, catalog, found ?? null, answer);
}

async function allowed(context: CommandContext, catalog: Catalog, media: MediaRow | null, name: string): Promise<MediaRow> {
  const pool = media === null ? null : await findPoolById(catalog, media.PoolId);
  if (context.operator.kind !== "root") requireAccess(context.operator, { kind: "pool", name: pool?.Name ?? "" });
  if (media === null) throw new OperatorError("CATALOG_ROW_UNKNOWN", `Media record for Volume name "${name}" not found.`);
  return media;
}
