import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { OperatorError } from "#lib/errors/operator-error.ts";
import type { Catalog } from "../catalog.ts";

/** What a server lets a connection be silent at most, nearly; eight hours as a rule, which a bscan of many tapes takes too. */
const IDLE_S_MAX = 2_000_000;

/**
 * Runs work while no bscan fills the same catalog and no Director removes unused paths from it: two bscans would take each other's jobs for
 * left half rebuilt, and paths that one of them has found must stay. CATALOG_BUSY if one does. The claim ends with the process, however that ends.
 */
export async function aloneOnCatalog<T>(catalog: Catalog, work: () => Promise<T>): Promise<T> {
  const { options } = catalog;
  if (options.driver === "sqlite") return await holdingFile(`${options.file}.bscan`, catalog, work);
  return await catalog.writer.connection().execute(async (db) => {
    const { rows } = await sql<{
      taken: number | null;
    }>`SELECT GET_LOCK(CONCAT('nocturne-bscan-', MD5(DATABASE())), 0) AS taken`.execute(db);
    if (Number(rows[0]?.taken) !== 1) throw busy(catalog);
    // This connection is silent while the work goes on, and a server that ends it gives the lock to somebody else.
    await sql.raw(`SET SESSION wait_timeout = ${IDLE_S_MAX}`).execute(db);
    try {
      return await work();
    } finally {
      await sql.raw("SET SESSION wait_timeout = DEFAULT").execute(db);
      await sql`SELECT RELEASE_LOCK(CONCAT('nocturne-bscan-', MD5(DATABASE())))`.execute(db);
    }
  });
}

/** The lock of an empty database beside the catalog: a lock of the catalog itself would stop its Director. The file stays. */
async function holdingFile<T>(path: string, catalog: Catalog, work: () => Promise<T>): Promise<T> {
  using lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    throw busy(catalog, cause);
  }
  return await work();
}

function busy({ description }: Catalog, cause?: unknown): OperatorError {
  return new OperatorError("CATALOG_BUSY", `a bscan or the daily upkeep of the Director is at work on the ${description}`, {
    cause,
    hint: "wait until it ends, then run this: what it stored is left alone",
  });
}
