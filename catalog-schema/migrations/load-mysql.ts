import { sql, type Kysely } from "kysely";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { openBackend, type Backend, type CatalogOptions, type CatalogWriter } from "../database/backend.ts";
import type { Tables } from "../schema/tables.ts";
import { LOADING_TABLE, tableNames, upgradeFrom, versionAmong } from "./migrate.ts";

/** Who has this lock of the server loads into the database. */
const LOADER_LOCK = "nocturne-load-";
/** The client program that reads the dump has this one: it may outlive whoever started it. */
const CLIENT_LOCK = "nocturne-load-client-";
const LOCK_WAIT_S = 10;
/** The connection that holds the lock says nothing while the dump is read, which may take longer than a server's eight hours. */
const IDLE_S_MAX = 2_000_000;

/** What fills the database with a dump. */
export interface CatalogFilling<T> {
  /** Has the dump read. `begin` is the statement that its connection must begin with. */
  fill(begin: string): Promise<void>;
  /** Puts in order what was loaded, on a catalog of this version, before anybody else sees it. */
  settle(catalog: CatalogWriter): Promise<T>;
}

/**
 * Makes a catalog of what a dump fills an empty database with, or one where such a load was interrupted. It is a catalog when all is done, and not before:
 * MySQL knows no transaction of so many tables, so a table says meanwhile that it is none, and all programs of ours refuse it (CATALOG_LOADING). Throws
 * CATALOG_EXISTS, CATALOG_FOREIGN, CATALOG_BUSY; where filling fails the database is empty again.
 */
export async function loadMysqlCatalog<T>(
  options: Extract<CatalogOptions, { driver: "mysql" }>,
  filling: CatalogFilling<T>,
): Promise<T> {
  await using backend = await openBackend(options);
  return await backend.writer.connection().execute(async (db) => {
    await sql.raw(`SET SESSION wait_timeout = ${IDLE_S_MAX}`).execute(db);
    await takeLock(backend, db, LOADER_LOCK);
    await takeLock(backend, db, CLIENT_LOCK);
    const before = await tableNames(backend, db);
    const isInterrupted = before.has(LOADING_TABLE.toLowerCase());
    if (!isInterrupted && (await versionAmong(before, backend, db)) !== null)
      throw new OperatorError("CATALOG_EXISTS", `${backend.description} exists already`);
    await sql.raw(`CREATE TABLE IF NOT EXISTS ${LOADING_TABLE} (Started BIGINT)`).execute(db);
    await dropAllButMark(backend, db);
    try {
      await sql`DO RELEASE_LOCK(CONCAT(${CLIENT_LOCK}, MD5(DATABASE())))`.execute(db);
      await filling.fill(`DO GET_LOCK(CONCAT('${CLIENT_LOCK}', MD5(DATABASE())), ${LOCK_WAIT_S})`);
      const version = await versionAmong(await tableNames(backend, db), backend, db);
      await upgradeFrom(backend, db, version);
    } catch (error) {
      await dropAllButMark(backend, db);
      await sql.raw(`DROP TABLE ${LOADING_TABLE}`).execute(db);
      throw error;
    }
    const settled = await filling.settle({ dialect: backend.dialect, reader: db, writer: db });
    await sql.raw(`DROP TABLE ${LOADING_TABLE}`).execute(db);
    return settled;
  });
}

/** Locks of the server go with the connection. */
async function takeLock(backend: Backend, db: Kysely<Tables>, name: string): Promise<void> {
  const { rows } = await sql<{
    taken: number | null;
  }>`SELECT GET_LOCK(CONCAT(${name}, MD5(DATABASE())), ${LOCK_WAIT_S}) AS taken`.execute(db);
  if (rows[0]?.taken !== 1)
    throw new OperatorError("CATALOG_BUSY", `another program is loading a dump into ${backend.description}`);
}

/** The database was empty before a load began: all that lies there came with it. */
async function dropAllButMark(backend: Backend, db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'`.execute(
    db,
  );
  for (const { name } of rows)
    if (name.toLowerCase() !== LOADING_TABLE.toLowerCase()) await sql`DROP TABLE ${sql.table(name)}`.execute(db);
}
