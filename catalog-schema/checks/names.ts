import { sql } from "kysely";
import { splitName } from "../database/split-name.ts";
import type { CatalogSession } from "../queries/delete.ts";
import { inPages, PAGE_ROWS, pages, type CatalogCheck, type Finding } from "./check.ts";
import { ensurePath, mergePath } from "./path-merge.ts";

const SLASH = sql.lit("/");

/** Paths that do not end in a slash. The slash is added; where that path is there too, both become one. */
export const badPaths: CatalogCheck = {
  what: "bad Path",
  verb: "Repair",
  announce: "Checking for Paths without a trailing slash",
  changesPaths: true,
  async *find(catalog) {
    const last =
      catalog.dialect === "mysql"
        ? sql`RIGHT(Path, 1) <> ${SLASH}`
        : sql`substr(CAST(Path AS BLOB), -1) <> CAST(${SLASH} AS BLOB)`;
    const read = async (after: number) =>
      (
        await sql<{ key: number; Path: string }>`SELECT PathId AS ${sql.ref("key")}, Path FROM Path
          WHERE PathId > ${after} AND LENGTH(Path) > 0 AND ${last} ORDER BY PathId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(
          catalog.reader,
        )
      ).rows;
    for await (const page of pages(read)) yield page.map(({ key, Path }) => ({ key, part: 0, rows: 1, text: Path }));
  },
  repair: async (catalog, page) => {
    for (const { key } of page) await addSlash(catalog, key);
  },
};

async function addSlash(catalog: CatalogSession, pathId: number): Promise<void> {
  const row = await catalog.reader.selectFrom("Path").select("Path").where("PathId", "=", pathId).executeTakeFirst();
  if (row === undefined || row.Path === "" || row.Path.endsWith("/")) return;
  const good = await catalog.transaction(async (tx) => await ensurePath(tx, `${row.Path}/`), { idempotent: true });
  await mergePath(catalog, pathId, good);
}

/** File rows whose name holds a slash. Path and name are split anew, as they would be for a new file. */
export const badFilenames: CatalogCheck = {
  what: "bad Filename",
  verb: "Repair",
  announce: "Checking for Filenames with a slash",
  changesPaths: true,
  async *find(catalog) {
    const has = catalog.dialect === "mysql" ? sql`LOCATE(${SLASH}, Filename) > 0` : sql`instr(Filename, ${SLASH}) > 0`;
    const read = async (after: number) =>
      (
        await sql<{ key: number; Filename: string }>`SELECT FileId AS ${sql.ref("key")}, Filename FROM File
          WHERE FileId > ${after} AND ${has} ORDER BY FileId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
      ).rows;
    for await (const page of pages(read)) yield page.map(({ key, Filename }) => ({ key, part: 0, rows: 1, text: Filename }));
  },
  repair: async (catalog, page) => {
    await catalog.transaction(
      async (tx) => {
        for (const { key } of page) {
          const row = await tx.reader
            .selectFrom("File")
            .leftJoin("Path", "Path.PathId", "File.PathId")
            .select(["File.JobId", "File.Filename", "Path.Path"])
            .where("FileId", "=", key)
            .executeTakeFirst();
          if (row === undefined || !row.Filename.includes("/")) continue;
          const { path, filename } = splitName(`${row.Path ?? ""}${row.Filename}`);
          const pathId = await ensurePath(tx, path);
          await tx.writer.updateTable("File").set({ PathId: pathId, Filename: filename }).where("FileId", "=", key).execute();
        }
      },
      { idempotent: true },
    );
  },
};

/** Paths that stand in the catalog more than once, which their unique index forbids where it is there. */
export const duplicatePaths: CatalogCheck = {
  what: "duplicate Path",
  verb: "Eliminate",
  announce: "Checking for duplicate Path entries.",
  changesPaths: true,
  find: (catalog) => inPages(findDuplicatePaths(catalog)),
  repair: async (catalog, page) => {
    for (const { key } of page) {
      const first = await firstOfPath(catalog, key);
      if (first !== null && first !== key) await mergePath(catalog, key, first);
    }
  },
};

/** Every row but the first of its path: so that a page stands for itself, each is a finding of its own. */
async function* findDuplicatePaths(catalog: CatalogSession): AsyncGenerator<Finding> {
  const by = catalog.dialect === "mysql" ? sql.ref("PathHash") : sql.ref("Path");
  const read = async (after: number) =>
    (
      await sql<{ key: number; Path: string }>`SELECT p.PathId AS ${sql.ref("key")}, p.Path FROM Path p
        JOIN (SELECT ${by} AS Same, MIN(PathId) AS First FROM Path GROUP BY ${by} HAVING COUNT(*) > 1) d
          ON p.${by} = d.Same AND p.PathId > d.First
        WHERE p.PathId > ${after} ORDER BY p.PathId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
    ).rows;
  for await (const page of pages(read)) for (const { key, Path } of page) yield { key, part: 0, rows: 1, text: Path };
}

async function firstOfPath(catalog: CatalogSession, pathId: number): Promise<number | null> {
  const { rows } = await sql<{ first: number | null }>`
    SELECT MIN(PathId) AS first FROM Path WHERE Path = (SELECT q.Path FROM Path q WHERE q.PathId = ${pathId})`.execute(
    catalog.reader,
  );
  return rows[0]?.first ?? null;
}

/** The same version of the same file twice in one job. The first row stays. */
export const duplicateFilenames: CatalogCheck = {
  what: "duplicate Filename",
  verb: "Eliminate",
  announce: "Checking for duplicate Filename entries.",
  find: (catalog) => inPages(findDuplicateFiles(catalog)),
  repair: async (catalog, page) => {
    await catalog.writer
      .deleteFrom("File")
      .where(
        "FileId",
        "in",
        page.map(({ key }) => key),
      )
      .execute();
  },
};

async function* findDuplicateFiles(catalog: CatalogSession): AsyncGenerator<Finding> {
  const { rows: jobs } = await sql<{ JobId: number }>`SELECT JobId FROM Job ORDER BY JobId`.execute(catalog.reader);
  for (const { JobId } of jobs) {
    const read = async (after: number) =>
      (
        await sql<{ key: number; Filename: string }>`SELECT f.FileId AS ${sql.ref("key")}, f.Filename FROM File f
          JOIN (SELECT PathId, Filename, FileIndex, MIN(FileId) AS First FROM File WHERE JobId = ${JobId}
            GROUP BY PathId, Filename, FileIndex HAVING COUNT(*) > 1) d
            ON f.PathId = d.PathId AND f.Filename = d.Filename AND f.FileIndex = d.FileIndex AND f.FileId > d.First
          WHERE f.JobId = ${JobId} AND f.FileId > ${after} ORDER BY f.FileId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(
          catalog.reader,
        )
      ).rows;
    for await (const page of pages(read))
      for (const { key, Filename } of page)
        yield { key, part: 0, rows: 1, text: `FileId=${key} JobId=${JobId} Filename="${Filename}"` };
  }
}
