import { sql } from "kysely";
import { PAGE_ROWS, pages, type CatalogCheck, type CheckedCatalog } from "./check.ts";
import { IdSet } from "./id-set.ts";

/** Rows read at once where only some of them become findings. */
const READ_ROWS = 5_000;

/** FileSets that no job used. */
export const unusedFileSets = unusedCheck("FileSet", "Checking for orphaned FileSet entries. This takes some time!", {
  columns: ["FileSet", "MD5"],
});

/** Clients that no job is of. */
export const unusedClients = unusedCheck("Client", "Checking for orphaned Client entries.", { columns: ["Name"] });

function unusedCheck(
  table: "FileSet" | "Client",
  announce: string,
  { columns }: { readonly columns: readonly string[] },
): CatalogCheck {
  const id = `${table}Id`;
  return {
    what: `orphaned ${table}`,
    verb: "Eliminate",
    announce,
    async *find(catalog) {
      const read = async (after: number) =>
        (
          await sql<Record<string, string | null> & { key: number }>`
            SELECT t.${sql.ref(id)} AS ${sql.ref("key")}, ${sql.join(columns.map((column) => sql`t.${sql.ref(column)}`))}
            FROM ${sql.table(table)} t WHERE t.${sql.ref(id)} > ${after}
              AND NOT EXISTS (SELECT 1 FROM Job j WHERE j.${sql.ref(id)} = t.${sql.ref(id)})
            ORDER BY t.${sql.ref(id)} LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
        ).rows;
      for await (const page of pages(read)) {
        yield page.map((row) => {
          const facts = columns.map((column) => `${column}="${row[column] ?? ""}"`).join(" ");
          return { key: row.key, part: 0, rows: 1, text: `Orphaned ${id}=${row.key} ${facts}` };
        });
      }
    },
    repair: async (catalog, page) => {
      await catalog.transaction(
        async (tx) => {
          for (const { key } of page) {
            if (table === "Client") await tx.writer.deleteFrom("TagClient").where("ClientId", "=", key).execute();
            await sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(id)} = ${key}
              AND NOT EXISTS (SELECT 1 FROM Job WHERE Job.${sql.ref(id)} = ${key})`.execute(tx.writer);
          }
        },
        { idempotent: true },
      );
    },
  };
}

/** Paths that no job needs: it has no file there and none below. */
export const unusedPaths: CatalogCheck = {
  what: "orphaned Path",
  verb: "Eliminate",
  announce: "Checking for orphaned Path entries. This may take some time!",
  changesPaths: true,
  async *find(catalog) {
    const used = await usedPaths(catalog);
    const read = async (after: number) =>
      (
        await sql<{ key: number; Path: string }>`SELECT PathId AS ${sql.ref("key")}, Path FROM Path
          WHERE PathId > ${after} ORDER BY PathId LIMIT ${sql.lit(READ_ROWS)}`.execute(catalog.reader)
      ).rows;
    for await (const page of pages(read)) {
      const unused = page.filter(({ key }) => !used.has(key));
      if (unused.length > 0) yield unused.map(({ key, Path }) => ({ key, part: 0, rows: 1, text: Path }));
    }
  },
  repair: async (catalog, page) => {
    for (let at = 0; at < page.length; at += PAGE_ROWS) {
      const ids = page.slice(at, at + PAGE_ROWS).map(({ key }) => key);
      await catalog.transaction(
        async (tx) => {
          await tx.writer.deleteFrom("PathHierarchy").where("PathId", "in", ids).execute();
          await tx.writer.deleteFrom("Path").where("PathId", "in", ids).execute();
        },
        { idempotent: true },
      );
    }
  },
};

/** Paths with files of a job that exists, and all above them. */
export async function usedPaths(catalog: CheckedCatalog, signal?: AbortSignal): Promise<IdSet> {
  const used = new IdSet();
  const { rows: jobs } = await sql<{ JobId: number }>`SELECT JobId FROM Job`.execute(catalog.reader);
  for (const { JobId } of jobs) {
    for (const query of [
      sql`SELECT DISTINCT PathId FROM File WHERE JobId = ${JobId}`,
      sql`SELECT PathId FROM PathVisibility WHERE JobId = ${JobId}`,
    ]) {
      const { rows } = await catalog.streamRows(query.compile(catalog.reader), signal);
      for await (const page of rows) for (const [pathId] of page) used.add(Number(pathId));
    }
  }
  // Without a whole PathVisibility a directory's parents show only here. As a rule one pass finds nothing.
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    const { rows } = await catalog.streamRows(sql`SELECT PathId, PPathId FROM PathHierarchy`.compile(catalog.reader), signal);
    for await (const page of rows)
      for (const [pathId, parent] of page) if (used.has(Number(pathId)) && used.add(Number(parent))) isChanged = true;
  }
  return used;
}
