import type { Catalog } from "../catalog.ts";
import { pages } from "./check.ts";
import { usedPaths } from "./unused.ts";

/** Paths that one statement removes at most: jobs store between. */
const PATHS_PER_STEP = 500;

/** Paths looked at in one go, and removed by one call at most: the rest goes with the next. */
const PATHS_PER_PAGE = 5_000;
const PATHS_MAX = 1_000_000;

/**
 * Removes paths that no job needs any more, beside jobs that store files, but not beside another program that does: the caller holds the catalog
 * (`aloneOnCatalog`). Answers how many.
 */
export async function removeUnusedPaths(catalog: Catalog, signal: AbortSignal): Promise<number> {
  await using watch = await catalog.watchPaths();
  const used = await usedPaths(catalog, signal);
  let left: number[] = [];
  for await (const page of pages(async (after) => await readPathIds(catalog, after))) {
    signal.throwIfAborted();
    for (const { key } of page) if (!used.has(key)) left.push(key);
    if (left.length >= PATHS_MAX) break;
  }
  // A path goes when none is below it any more; one way or the other most children come before their parents.
  let removed = 0;
  for (;;) {
    const kept: number[] = [];
    for (let at = 0; at < left.length; at += PATHS_PER_STEP) {
      signal.throwIfAborted();
      const step = left.slice(at, at + PATHS_PER_STEP);
      const gone = await watch.remove(step);
      if (gone === null) return removed;
      const isGone = new Set(gone);
      kept.push(...step.filter((pathId) => !isGone.has(pathId)));
    }
    removed += left.length - kept.length;
    if (kept.length === left.length || kept.length === 0) return removed;
    left = kept.toReversed();
  }
}

async function readPathIds(catalog: Catalog, after: number): Promise<{ readonly key: number }[]> {
  return await catalog.reader
    .selectFrom("Path")
    .select("PathId as key")
    .where("PathId", ">", after)
    .orderBy("PathId")
    .limit(PATHS_PER_PAGE)
    .execute();
}
