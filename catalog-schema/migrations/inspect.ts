import { sql, type RawBuilder } from "kysely";
import { openBackend, type Backend, type CatalogOptions } from "../database/backend.ts";
import { allTables } from "../schema/tables.ts";
import { requireFile, requireVersion } from "./migrate.ts";

/** A state that no part of the product leaves behind: how many rows are in it, and what that means in words. */
interface Doubt {
  readonly says: string;
  readonly rows: RawBuilder<{ found: number }>;
}

const doubts: readonly Doubt[] = [
  {
    says: "jobs have file rows but no Job row",
    rows: sql`SELECT COUNT(*) AS found FROM (SELECT DISTINCT JobId FROM File) f WHERE NOT EXISTS (SELECT 1 FROM Job j WHERE j.JobId = f.JobId)`,
  },
  {
    says: "file rows have no Path row",
    rows: sql`SELECT COUNT(*) AS found FROM (SELECT DISTINCT PathId FROM File) f WHERE NOT EXISTS (SELECT 1 FROM Path p WHERE p.PathId = f.PathId)`,
  },
  {
    says: "JobMedia rows have no Job row",
    rows: sql`SELECT COUNT(*) AS found FROM JobMedia m WHERE NOT EXISTS (SELECT 1 FROM Job j WHERE j.JobId = m.JobId)`,
  },
  {
    says: "JobMedia rows have no Media row",
    rows: sql`SELECT COUNT(*) AS found FROM JobMedia m WHERE NOT EXISTS (SELECT 1 FROM Media v WHERE v.MediaId = m.MediaId)`,
  },
  {
    says: "Volumes are in a pool that does not exist",
    rows: sql`SELECT COUNT(*) AS found FROM Media m WHERE m.PoolId <> 0 AND NOT EXISTS (SELECT 1 FROM Pool p WHERE p.PoolId = m.PoolId)`,
  },
  {
    says: "pools count other Volumes than they have",
    rows: sql`SELECT COUNT(*) AS found FROM Pool p WHERE p.NumVols <> (SELECT COUNT(*) FROM Media m WHERE m.PoolId = p.PoolId)`,
  },
  {
    says: "jobs name a client that does not exist",
    rows: sql`SELECT COUNT(*) AS found FROM Job j WHERE j.ClientId <> 0 AND NOT EXISTS (SELECT 1 FROM Client c WHERE c.ClientId = j.ClientId)`,
  },
];

/**
 * Looks a catalog through: whether the database finds itself sound, and whether rows refer to rows that exist. Answers one line per
 * finding, none when all is well. Reads every index of the file rows, so it takes minutes for very large catalogs; changes nothing.
 */
export async function inspectCatalog(options: CatalogOptions): Promise<string[]> {
  await requireFile(options);
  await using backend = await openBackend(options);
  await requireVersion(backend);
  const findings = await databaseFindings(backend);
  for (const doubt of doubts) {
    const { rows } = await doubt.rows.execute(backend.reader);
    const found = rows[0]?.found ?? 0;
    if (found > 0) findings.push(`${found} ${doubt.says}`);
  }
  return findings;
}

async function databaseFindings(backend: Backend): Promise<string[]> {
  if (backend.dialect === "sqlite") {
    const { rows } = await sql<{ quick_check: string }>`PRAGMA quick_check(20)`.execute(backend.reader);
    return rows.map((row) => row.quick_check).filter((line) => line !== "ok");
  }
  const findings: string[] = [];
  for (const { name } of allTables) {
    const { rows } = await sql<{ Msg_type: string; Msg_text: string }>`CHECK TABLE ${sql.table(name)} QUICK`.execute(
      backend.reader,
    );
    findings.push(
      ...rows.filter((row) => row.Msg_type === "error" || row.Msg_type === "warning").map((row) => `${name}: ${row.Msg_text}`),
    );
  }
  return findings;
}
