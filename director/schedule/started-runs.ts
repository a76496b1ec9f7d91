import { catalogTime } from "#lib/base/local-time.ts";
import type { Catalog } from "#catalog/catalog.ts";
import { listScheduledSince } from "#catalog/queries/jobs.ts";
import type { ScheduleLine } from "./schedule-lines.ts";

/** Asks the catalogs for jobs scheduled since then (unix milliseconds): answers whether a line's run at a moment is among them. */
export async function startedRuns(
  catalogs: readonly Catalog[],
  sinceMs: number,
): Promise<(line: ScheduleLine, whenMs: number) => boolean> {
  const known = new Set<string>();
  for (const catalog of catalogs) {
    const rows = await listScheduledSince(catalog, Math.floor(sinceMs / 1000));
    for (const { Name, SchedTime } of rows) known.add(`${Name}\0${SchedTime}`);
  }
  return ({ job }, whenMs) => known.has(`${job.name}\0${catalogTime(whenMs)}`);
}
