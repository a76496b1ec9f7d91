import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sql } from "kysely";
import { Catalog } from "../catalog.ts";
import { openBackend, type CatalogOptions } from "../database/backend.ts";
import { inspectCatalog } from "../migrations/inspect.ts";
import { CATALOG_VERSION, checkCatalog, createCatalog, upgradeCatalog } from "../migrations/migrate.ts";
import type { Migration } from "../migrations/migrations.ts";
import { createMedia } from "../queries/media.ts";
import { ensurePool } from "../queries/pools.ts";
import { addFiles, addJob, typed, type DatabaseUnderTest } from "./database-under-test.ts";

/** Creating, checking and upgrading. */
export function registerVersions(database: DatabaseUnderTest): void {
  describe(`versions on ${database.name}`, () => {
    test("an empty database is refused with the command to run, then created, once", async () => {
      const options = await database.fresh();
      await assert.rejects(Catalog.open(options), { code: "CATALOG_MISSING", hint: /nocturne catalog create -c FILE/ });
      await assert.rejects(checkCatalog(options), { code: "CATALOG_MISSING" });
      await createCatalog(options);
      await checkCatalog(options);
      await assert.rejects(createCatalog(options), { code: "CATALOG_EXISTS" });
      assert.deepEqual(await upgradeCatalog(options), { from: CATALOG_VERSION, to: CATALOG_VERSION });
    });

    test("a catalog of another version is refused with the command to run", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      for (const [version, hint] of [
        [0, /nocturne catalog upgrade -c FILE/],
        [99, /install the programs/],
      ] as const) {
        await setVersion(options, version);
        await assert.rejects(Catalog.open(options), { code: "CATALOG_VERSION", hint });
      }
      await assert.rejects(upgradeCatalog(options), { code: "CATALOG_VERSION" });
    });

    test("steps are run in order, once, and a step that fails can be run again", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      await setVersion(options, CATALOG_VERSION - 1);
      await assert.rejects(upgradeCatalog(options, []), { code: "CATALOG_VERSION" });
      let isBroken = true;
      const step: Migration = {
        to: CATALOG_VERSION,
        run: async (db) => {
          await sql`CREATE TABLE IF NOT EXISTS Added (A INTEGER)`.execute(db);
          if (isBroken) throw new Error("interrupted");
        },
      };
      await assert.rejects(upgradeCatalog(options, [step]), { message: "interrupted" });
      await assert.rejects(Catalog.open(options), { code: "CATALOG_VERSION" });
      isBroken = false;
      assert.deepEqual(await upgradeCatalog(options, [step]), { from: CATALOG_VERSION - 1, to: CATALOG_VERSION });
      assert.deepEqual(await upgradeCatalog(options, [step]), { from: CATALOG_VERSION, to: CATALOG_VERSION });
      await using catalog = await Catalog.open(options);
      assert.deepEqual(await typed(catalog, "SELECT COUNT(*) FROM Added"), [[0]]);
    });

    test("a catalog of version 1 is upgraded to what a new one is", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      const added = ["NocturneForgottenSession", "NocturneMedia", "NocturneSpace"];
      const texts = async () => await Promise.all(added.map(async (table) => await tableAsText(options, table)));
      const fresh = await texts();
      {
        await using catalog = await Catalog.open(options);
        for (const table of added) await typed(catalog, `DROP TABLE ${table}`);
      }
      await setVersion(options, 1);
      assert.deepEqual(await upgradeCatalog(options), { from: 1, to: CATALOG_VERSION });
      assert.deepEqual(await texts(), fresh);
    });

    test("a database of something else is refused, to be created too", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      {
        await using catalog = await Catalog.open(options);
        await typed(catalog, "DROP TABLE NocturneVersion");
      }
      await assert.rejects(createCatalog(options), { code: "CATALOG_FOREIGN", message: /a catalog of Bacula/ });
      await assert.rejects(Catalog.open(options), { code: "CATALOG_FOREIGN" });
    });

    test("two programs that create at once make one catalog", async () => {
      const options = await database.fresh();
      const results = await Promise.allSettled([createCatalog(options), createCatalog(options)]);
      assert.deepEqual(results.map((result) => result.status).toSorted(), ["fulfilled", "rejected"]);
      await using catalog = await Catalog.open(options);
      assert.deepEqual(await typed(catalog, "SELECT COUNT(*) FROM Version"), [[1]]);
    });

    test("a sound catalog has no findings, and each row that refers to nothing is one", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      await using catalog = await Catalog.open(options);
      const pool = await ensurePool(catalog, { Name: "P", PoolType: "Backup" });
      await createMedia(catalog, { VolumeName: "V", MediaType: "F", VolStatus: "Full", PoolId: pool.PoolId });
      await addFiles(catalog, await addJob(catalog), ["/sound/file"]);
      assert.deepEqual(await inspectCatalog(options), []);
      await addFiles(catalog, 4_711, ["/lost/file"]);
      await typed(catalog, "INSERT INTO JobMedia (JobId, MediaId) VALUES (4712, 4713)");
      await typed(catalog, "DELETE FROM Path WHERE Path = '/lost/'");
      await typed(catalog, "UPDATE Media SET PoolId = 99");
      await typed(catalog, "UPDATE Job SET ClientId = 99");
      assert.deepEqual(await inspectCatalog(options), [
        "1 jobs have file rows but no Job row",
        "1 file rows have no Path row",
        "1 JobMedia rows have no Job row",
        "1 JobMedia rows have no Media row",
        "1 Volumes are in a pool that does not exist",
        "1 pools count other Volumes than they have",
        "1 jobs name a client that does not exist",
      ]);
    });

    test("a catalog that was closed says so", async () => {
      const options = await database.fresh();
      await createCatalog(options);
      const catalog = await Catalog.open(options);
      await catalog[Symbol.asyncDispose]();
      await assert.rejects(catalog.sqlQuery("SELECT 1"), { code: "CATALOG_CLOSED" });
    });
  });
}

/** Makes the catalog look as if other programs had written it. */
async function setVersion(options: CatalogOptions, version: number): Promise<void> {
  await using backend = await openBackend(options);
  await backend.writer.updateTable("NocturneVersion").set({ VersionId: version }).execute();
}

/** How the database itself describes a table. */
async function tableAsText(options: CatalogOptions, table: string): Promise<unknown> {
  await using backend = await openBackend(options);
  const query =
    backend.dialect === "sqlite"
      ? sql<Record<string, unknown>>`SELECT sql FROM sqlite_master WHERE tbl_name = ${table} ORDER BY name`
      : sql<Record<string, unknown>>`SHOW CREATE TABLE ${sql.table(table)}`;
  return (await query.execute(backend.reader)).rows;
}
