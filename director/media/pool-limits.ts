import type { CatalogReader } from "#catalog/catalog.ts";
import { sumPoolBytes } from "#catalog/queries/media.ts";
import type { PoolRow } from "#catalog/schema/pool.ts";
import type { PoolLimits } from "./volume-limits.ts";

/** The limits that a Pool puts on its Volumes together, with what is on them now. */
export async function poolLimits(catalog: CatalogReader, pool: PoolRow): Promise<PoolLimits> {
  const poolBytes = pool.MaxPoolBytes > 0 ? await sumPoolBytes(catalog, pool.PoolId) : 0;
  return { useOnce: pool.UseOnce === 1, maxPoolBytes: pool.MaxPoolBytes, poolBytes };
}
