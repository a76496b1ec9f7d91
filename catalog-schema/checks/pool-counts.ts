import { sql } from "kysely";
import { refreshNumVols } from "../queries/media.ts";
import { PAGE_ROWS, pages, type CatalogCheck } from "./check.ts";

/** Pools that count other Volumes than they have, so that Maximum Volumes stops too early or too late. */
export const poolCounts: CatalogCheck = {
  what: "wrong Pool count",
  verb: "Repair",
  announce: "Checking the number of Volumes of each Pool.",
  async *find(catalog) {
    const read = async (after: number) =>
      (
        await sql<{ key: number; Name: string; NumVols: number; found: number }>`
          SELECT p.PoolId AS ${sql.ref("key")}, p.Name, p.NumVols,
            (SELECT COUNT(*) FROM Media m WHERE m.PoolId = p.PoolId) AS found
          FROM Pool p WHERE p.PoolId > ${after} ORDER BY p.PoolId LIMIT ${sql.lit(PAGE_ROWS)}`.execute(catalog.reader)
      ).rows;
    for await (const page of pages(read)) {
      yield page
        .filter(({ NumVols, found }) => NumVols !== found)
        .map(({ key, Name, NumVols, found }) => ({
          key,
          part: 0,
          rows: 1,
          text: `Pool "${Name}" counts ${NumVols} Volumes and has ${found}`,
        }));
    }
  },
  repair: async (catalog, page) => {
    for (const { key } of page) await refreshNumVols(catalog, key);
  },
};
