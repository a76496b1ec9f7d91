import { sql } from "kysely";
import { isTooDeep, parentPath } from "../database/split-name.ts";
import { PAGE_ROWS, pages, type CatalogCheck, type CheckedCatalog, type Finding } from "./check.ts";
import { ensurePath } from "./path-merge.ts";

const HIERARCHY = 0;
const VISIBILITY = 1;

/**
 * What a restore walks through: every path has its parent, and a job shows every directory in which it has files, with all above it.
 * Mending makes the rows that are missing.
 */
export const directoryTree: CatalogCheck = {
  what: "missing directory tree",
  verb: "Repair",
  announce: "Checking for directories that a restore would not show.",
  changesPaths: true,
  async *find(catalog) {
    yield* pathsWithoutParent(catalog);
    yield* jobsWithoutDirectories(catalog);
  },
  repair: async (catalog, page) => {
    for (const { key, part } of page) await (part === HIERARCHY ? linkPath(catalog, key) : showDirectories(catalog, key));
  },
};

async function* pathsWithoutParent(catalog: CheckedCatalog): AsyncGenerator<readonly Finding[]> {
  const read = async (after: number) =>
    (
      await sql<{ key: number; Path: string }>`SELECT p.PathId AS ${sql.ref("key")}, p.Path FROM Path p
        WHERE p.PathId > ${after} AND LENGTH(p.Path) > 0
          AND NOT EXISTS (SELECT 1 FROM PathHierarchy h JOIN Path q ON q.PathId = h.PPathId WHERE h.PathId = p.PathId)
        ORDER BY p.PathId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
    ).rows;
  for await (const page of pages(read)) {
    const faults = page.filter(({ Path }) => parentPath(Path) !== null && !isTooDeep(Path));
    yield faults.map(({ key, Path }) => ({ key, part: HIERARCHY, rows: 1, text: `PathId=${key} "${Path}" has no parent` }));
  }
}

async function* jobsWithoutDirectories(catalog: CheckedCatalog): AsyncGenerator<readonly Finding[]> {
  const { rows: jobs } = await sql<{ JobId: number }>`SELECT JobId FROM Job ORDER BY JobId`.execute(catalog.reader);
  for (const { JobId } of jobs) {
    const { rows } = await sql<{ own: number; above: number }>`SELECT
      (SELECT COUNT(*) FROM (SELECT DISTINCT PathId FROM File WHERE JobId = ${JobId}) f
        JOIN Path p ON p.PathId = f.PathId
        WHERE NOT EXISTS (SELECT 1 FROM PathVisibility v WHERE v.JobId = ${JobId} AND v.PathId = f.PathId)) AS own,
      (SELECT COUNT(*) FROM PathVisibility v JOIN PathHierarchy h ON h.PathId = v.PathId WHERE v.JobId = ${JobId}
        AND NOT EXISTS (SELECT 1 FROM PathVisibility w WHERE w.JobId = ${JobId} AND w.PathId = h.PPathId)) AS above`.execute(
      catalog.reader,
    );
    const missing = (rows[0]?.own ?? 0) + (rows[0]?.above ?? 0);
    if (missing > 0)
      yield [{ key: JobId, part: VISIBILITY, rows: missing, text: `JobId=${JobId} does not show ${missing} directories` }];
  }
}

async function linkPath(catalog: CheckedCatalog, pathId: number): Promise<void> {
  await catalog.transaction(
    async (tx) => {
      const row = await tx.reader.selectFrom("Path").select("Path").where("PathId", "=", pathId).executeTakeFirst();
      if (row !== undefined) await ensurePath(tx, row.Path);
    },
    { idempotent: true },
  );
}

async function showDirectories(catalog: CheckedCatalog, jobId: number): Promise<void> {
  await catalog.transaction(
    async (tx) => {
      await sql`INSERT INTO PathVisibility (JobId, PathId, Size, Files)
        SELECT DISTINCT f.JobId, f.PathId, 0, 0 FROM File f JOIN Path p ON p.PathId = f.PathId WHERE f.JobId = ${jobId}
          AND NOT EXISTS (SELECT 1 FROM PathVisibility v WHERE v.JobId = ${jobId} AND v.PathId = f.PathId)`.execute(tx.writer);
      for (;;) {
        const { numAffectedRows } = await sql`INSERT INTO PathVisibility (JobId, PathId, Size, Files)
          SELECT DISTINCT v.JobId, h.PPathId, 0, 0 FROM PathVisibility v JOIN PathHierarchy h ON h.PathId = v.PathId
          WHERE v.JobId = ${jobId}
            AND NOT EXISTS (SELECT 1 FROM PathVisibility w WHERE w.JobId = ${jobId} AND w.PathId = h.PPathId)`.execute(
          tx.writer,
        );
        if ((numAffectedRows ?? 0n) === 0n) return;
      }
    },
    { idempotent: true },
  );
}
