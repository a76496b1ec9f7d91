import { chmod, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "#lib/platform/make-directory.ts";
import { sql, type Kysely } from "kysely";
import { OperatorError } from "#lib/errors/operator-error.ts";
import { openBackend, transactionHandle, type Backend, type CatalogOptions, type CatalogReader } from "../database/backend.ts";
import { jobStatusRows } from "../schema/job.ts";
import { allTables, type Tables } from "../schema/tables.ts";
import { createTableSql } from "./ddl.ts";
import { migrations, type Migration } from "./migrations.ts";

/** Version of the schema that these programs read and write. */
export const CATALOG_VERSION = 3;
/** What Bacula 13 calls the version of these tables. */
const BACULA_VERSION = 1024;
/** Longest wait for another program that creates or upgrades the same catalog, seconds. */
const LOCK_WAIT_S = 30;
const LOCK_NAME = "nocturne-catalog";

/** A table that says: what lies here was loaded from a dump, and not all of it. */
export const LOADING_TABLE = "NocturneLoading";

/** Makes a new, empty catalog. Throws CATALOG_EXISTS if there is one. A creation that was interrupted can be run again. */
export async function createCatalog(options: CatalogOptions): Promise<void> {
  if (options.driver === "sqlite") await prepareFile(options.file);
  await using backend = await openBackend(options);
  await locked(backend, async (db) => {
    if ((await versionOf(backend, db)) !== null)
      throw new OperatorError("CATALOG_EXISTS", `${backend.description} exists already`);
    await createTables(backend, db);
    await writeRows(db);
  });
}

/** Brings a catalog to `CATALOG_VERSION`; each step is recorded when it is done. Throws CATALOG_VERSION if the catalog is newer, or
 * so old that no step begins at its version. `steps` are given by tests. */
export async function upgradeCatalog(
  options: CatalogOptions,
  steps: readonly Migration[] = migrations,
): Promise<{ from: number; to: number }> {
  await requireFile(options);
  await using backend = await openBackend(options);
  return await locked(backend, async (db) => await upgradeFrom(backend, db, await versionOf(backend, db), steps));
}

/** The steps of an upgrade. The caller sees to it that nobody else makes them. */
export async function upgradeFrom(
  backend: Backend,
  db: Kysely<Tables>,
  from: number | null,
  steps: readonly Migration[] = migrations,
): Promise<{ from: number; to: number }> {
  if (from === null) throw missing(backend);
  if (from > CATALOG_VERSION) throw wrongVersion(backend, from);
  let at = from;
  for (const step of steps.filter(({ to }) => to > from)) {
    if (step.to !== at + 1) throw wrongVersion(backend, from);
    await step.run(db, backend.dialect);
    await setVersion(db, step.to);
    at = step.to;
  }
  if (at !== CATALOG_VERSION) throw wrongVersion(backend, from);
  return { from, to: CATALOG_VERSION };
}

/** Whether there is a catalog, of whatever version. CATALOG_FOREIGN if the database holds other tables. */
export async function isCatalogThere(options: CatalogOptions): Promise<boolean> {
  if (options.driver === "sqlite" && !(await hasBytes(options.file))) return false;
  await using backend = await openBackend(options);
  return (await versionOf(backend, backend.reader)) !== null;
}

/** Throws unless the database is a catalog of exactly this version, naming the command that helps. */
export async function checkCatalog(options: CatalogOptions): Promise<void> {
  await requireFile(options);
  await using backend = await openBackend(options);
  await requireVersion(backend);
}

/** The same for a database that is open. */
export async function requireVersion(backend: Backend): Promise<void> {
  const version = await versionOf(backend, backend.reader);
  if (version === null) throw missing(backend);
  if (version !== CATALOG_VERSION) throw wrongVersion(backend, version);
}

/** Throws CATALOG_MISSING if a SQLite catalog has no file: opening would make an empty one. */
export async function requireFile(options: CatalogOptions): Promise<void> {
  if (options.driver !== "sqlite") return;
  if (!(await hasBytes(options.file))) {
    throw new OperatorError("CATALOG_MISSING", `there is no catalog ${options.file}`, {
      hint: "create it: nocturne catalog create -c FILE",
    });
  }
}

async function hasBytes(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.size > 0,
    () => false,
  );
}

/** Version of the catalog in the database; null when the database is empty or its creation was interrupted. CATALOG_LOADING, CATALOG_FOREIGN. */
async function versionOf(backend: CatalogReader & { description: string }, db: Kysely<Tables>): Promise<number | null> {
  const names = await tableNames(backend, db);
  if (names.has(LOADING_TABLE.toLowerCase()))
    throw new OperatorError("CATALOG_LOADING", `${backend.description} is being loaded from a dump, or that was interrupted`, {
      hint: "wait for it to end, or load the dump again: nocturne catalog load FILE",
    });
  return await versionAmong(names, backend, db);
}

/** The same where the names of the tables are known and a load is under way. */
export async function versionAmong(
  names: ReadonlySet<string>,
  backend: { readonly description: string },
  db: Kysely<Tables>,
): Promise<number | null> {
  if (!names.has("nocturneversion")) {
    const foreign = names.size > 0 && !names.has("nocturnecreating");
    if (!foreign) return null;
    const what = names.has("version") && names.has("jobmedia") ? "a catalog of Bacula" : "tables of another kind";
    throw new OperatorError("CATALOG_FOREIGN", `${backend.description} holds ${what}, not a catalog of Nocturne`, {
      hint: "name an empty database in the Catalog resource",
    });
  }
  const row = await db
    .selectFrom("NocturneVersion")
    .select("VersionId")
    .orderBy("VersionId", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.VersionId ?? null;
}

/** Names of all tables of the database, in small letters. */
export async function tableNames(backend: Pick<CatalogReader, "dialect">, db: Kysely<Tables>): Promise<Set<string>> {
  const query =
    backend.dialect === "sqlite"
      ? sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`
      : sql<{ name: string }>`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`;
  const { rows } = await query.execute(db);
  return new Set(rows.map((row) => row.name.toLowerCase()));
}

/** MySQL commits each table as it is made; the table NocturneCreating says meanwhile that the rest is still to come. */
async function createTables(backend: Backend, db: Kysely<Tables>): Promise<void> {
  await sql.raw("CREATE TABLE IF NOT EXISTS NocturneCreating (Started INTEGER)").execute(db);
  const inOrder = [
    ...allTables.filter((table) => table.name !== "NocturneVersion"),
    ...allTables.filter((table) => table.name === "NocturneVersion"),
  ];
  for (const table of inOrder) {
    for (const statement of createTableSql(table, backend.dialect)) await sql.raw(statement).execute(db);
  }
  await sql.raw("DROP TABLE NocturneCreating").execute(db);
}

/** Rows of a new catalog; the version comes last, and makes it one. */
async function writeRows(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("Status").execute();
  for (const [JobStatus, JobStatusLong, Severity] of jobStatusRows)
    await db.insertInto("Status").values({ JobStatus, JobStatusLong, Severity }).execute();
  await db.deleteFrom("Version").execute();
  await db.insertInto("Version").values({ VersionId: BACULA_VERSION }).execute();
  await setVersion(db, CATALOG_VERSION);
}

/** There is a version at every moment: a catalog without one counts as empty, and a load of a dump would begin by emptying it. */
async function setVersion(db: Kysely<Tables>, version: number): Promise<void> {
  const row = {
    VersionId: version,
    UpdatedAt: Temporal.Now.plainDateTimeISO().toString({ smallestUnit: "second" }).replace("T", " "),
  };
  const { numUpdatedRows } = await db.updateTable("NocturneVersion").set(row).executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) await db.insertInto("NocturneVersion").values(row).execute();
}

/** One program at a time. SQLite: one transaction, so an interruption leaves nothing; MySQL: a named lock, for it commits each step. */
async function locked<T>(backend: Backend, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  if (backend.dialect === "sqlite")
    return await backend.writer
      .transaction()
      .execute(async (transaction) => await work(transactionHandle("sqlite", transaction).writer));
  return await backend.writer.connection().execute(async (db) => {
    const { rows } = await sql<{ taken: number | null }>`SELECT GET_LOCK(${LOCK_NAME}, ${LOCK_WAIT_S}) AS taken`.execute(db);
    if (rows[0]?.taken !== 1)
      throw new OperatorError("CATALOG_BUSY", `${backend.description} is being created or upgraded by another program`);
    try {
      return await work(db);
    } finally {
      await sql`SELECT RELEASE_LOCK(${LOCK_NAME})`.execute(db);
    }
  });
}

/** The file is made first, so that it never stands open to others, not even for a moment. */
async function prepareFile(file: string): Promise<void> {
  makeDirectory(dirname(file), 0o700);
  const handle = await open(file, "a", 0o600);
  await handle.close();
  await chmod(file, 0o600);
}

function missing(backend: Backend): OperatorError {
  return new OperatorError("CATALOG_MISSING", `${backend.description} is empty`, {
    hint: "create it: nocturne catalog create -c FILE",
  });
}

function wrongVersion(backend: Backend, version: number): OperatorError {
  const hint =
    version < CATALOG_VERSION
      ? "upgrade it: nocturne catalog upgrade -c FILE"
      : "install the programs that wrote it, or newer ones";
  return new OperatorError(
    "CATALOG_VERSION",
    `${backend.description} has version ${version}, these programs need ${CATALOG_VERSION}`,
    { hint },
  );
}
