import type { Catalog } from "#catalog/catalog.ts";
import { listAppendable } from "#catalog/queries/media.ts";
import { findPool } from "#catalog/queries/pools.ts";
import { effectiveJob, poolOfLevel, storageOfPool } from "../job/effective-job.ts";
import { reportLevel } from "../job/level-words.ts";
import type { RunRequest } from "../job/run-request.ts";
import type { CommandContext } from "./command.ts";

/** The Volume that a run of a job would append to, as far as is known now; empty if a new one must be found. Throws as `effectiveJob` does. */
export async function nextVolumeOf(
  context: CommandContext,
  catalog: Catalog,
  wanted: Omit<RunRequest, "origin">,
): Promise<{ readonly volume: string; readonly pool: string; readonly level: string }> {
  const effective = effectiveJob({ origin: { kind: "console", user: "" }, ...wanted }, context.director.config());
  const pool = poolOfLevel(effective, effective.level).resource;
  const storage = storageOfPool(effective, pool).resource;
  const row = await findPool(catalog, pool.name);
  const [next] = row === null ? [] : await listAppendable(catalog, { poolId: row.PoolId, mediaType: storage.mediaType }, 1);
  return { volume: next?.VolumeName ?? "", pool: pool.name, level: reportLevel(effective.level) };
}
