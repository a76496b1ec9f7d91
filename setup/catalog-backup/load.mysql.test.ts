import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { Catalog } from "#catalog/catalog.ts";
import { openBackend } from "#catalog/database/backend.ts";
import { addJob } from "#catalog/conformance/database-under-test.ts";
import { checkCatalog, createCatalog } from "#catalog/migrations/migrate.ts";
import { findJob } from "#catalog/queries/jobs.ts";
import { PrivateMariadb } from "#lib/testing/mariadb.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { dumpCatalog } from "./dump.ts";
import { loadCatalog } from "./load.ts";

const reason = await PrivateMariadb.whyNot();

describe("loading a dump into MariaDB", { skip: reason ?? false }, async () => {
  if (reason !== null) return;
  const server = await PrivateMariadb.start();
  after(async () => await server[Symbol.asyncDispose]());
  let databases = 0;
  const fresh = () => {
    const name = `load${(databases += 1)}`;
    server.createDatabase(name);
    return { driver: "mysql" as const, name, user: server.user, password: server.password, socket: server.socket };
  };

  /** A dump of a catalog with one ended and one running job. */
  async function dumped(dir: TempDir): Promise<string> {
    const options = fresh();
    await createCatalog(options);
    await using catalog = await Catalog.open(options);
    await addJob(catalog);
    await addJob(catalog, { JobStatus: "R", EndTime: null });
    return await dumpCatalog("Cat", options, dir.path);
  }

  test("a load that is killed in the middle leaves no catalog, and loading again makes a whole one", async () => {
    await using dir = await TempDir.make();
    const dump = await dumped(dir);
    const text = await readFile(dump, "utf8");
    const slow = dir.file("slow.sql");
    await writeFile(slow, text.replace("DROP TABLE IF EXISTS `Path`;", "SELECT SLEEP(60);\n$&"));
    const options = fresh();
    const program = `import { loadCatalog } from ${JSON.stringify(new URL("./load.ts", import.meta.url).href)};
      await loadCatalog(${JSON.stringify(options)}, ${JSON.stringify(slow)});`;
    const loader = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
    await using backend = await openBackend(options);
    const sleeping = async () =>
      (
        await sql<{ ID: number }>`
          SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ${options.name} AND INFO LIKE 'SELECT SLEEP%'`.execute(
          backend.reader,
        )
      ).rows[0]?.ID;
    let client = await sleeping();
    for (; client === undefined; client = await sleeping()) await sleep(50);
    loader.kill("SIGKILL");
    await once(loader, "exit");
    await sql.raw(`KILL ${client}`).execute(backend.reader);
    await assert.rejects(Catalog.open(options), { code: "CATALOG_LOADING", hint: /nocturne catalog load FILE/ });
    await assert.rejects(createCatalog(options), { code: "CATALOG_LOADING" });
    assert.equal(await loadCatalog(options, dump), 1);
    await checkCatalog(options);
    await using catalog = await Catalog.open(options);
    assert.deepEqual([(await findJob(catalog, 1))?.JobStatus, (await findJob(catalog, 2))?.JobStatus], ["T", "I"]);
    await assert.rejects(loadCatalog(options, dump), { code: "CATALOG_EXISTS" });
  });

  test("a dump that is cut off, is of something else or cannot be read leaves the database empty", async () => {
    await using dir = await TempDir.make();
    const dump = await dumped(dir);
    const text = await readFile(dump, "utf8");
    const wrong = {
      CATALOG_DUMP_CUT: text.slice(0, text.indexOf("DROP TABLE IF EXISTS `Version`")),
      CATALOG_FOREIGN: "CREATE TABLE a (b INT);\n-- Dump completed",
      CATALOG_CLIENT_FAILED: text.replace("DROP TABLE IF EXISTS `Path`;", "NO STATEMENT;"),
    };
    const options = fresh();
    for (const [code, content] of Object.entries(wrong)) {
      await writeFile(dir.file("wrong.sql"), content);
      await assert.rejects(loadCatalog(options, dir.file("wrong.sql")), { code });
      await assert.rejects(checkCatalog(options), { code: "CATALOG_MISSING" });
    }
    assert.equal(await loadCatalog(options, dump), 1);
  });
});
