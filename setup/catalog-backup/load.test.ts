import assert from "node:assert/strict";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { createCatalog } from "#catalog/migrations/migrate.ts";
import { TempDir } from "#lib/testing/temp-dir.ts";
import { loadCatalog } from "./load.ts";

type Sqlite = { readonly driver: "sqlite"; readonly file: string };

test("a file that is no dump leaves nothing in the catalog's place, and the right one loads afterwards", async () => {
  await using dir = await TempDir.make();
  const dump: Sqlite = { driver: "sqlite", file: dir.file("dump.db") };
  await createCatalog(dump);
  const options: Sqlite = { driver: "sqlite", file: dir.file("catalog.db") };
  using other = new DatabaseSync(dir.file("other.db"));
  other.exec("CREATE TABLE a (b)");
  writeFileSync(dir.file("empty.db"), "");
  for (const name of ["other.db", "empty.db"])
    await assert.rejects(loadCatalog(options, dir.file(name)), { code: "CATALOG_FOREIGN" });
  assert.deepEqual(
    readdirSync(dir.path).filter((name) => name.startsWith("catalog")),
    [],
  );
  assert.equal(await loadCatalog(options, dump.file), 0);
});

test("the write-ahead log of a catalog that was moved away after a crash does not get into the one that is loaded", async () => {
  await using dir = await TempDir.make();
  const dump: Sqlite = { driver: "sqlite", file: dir.file("dump.db") };
  await createCatalog(dump);
  const options: Sqlite = { driver: "sqlite", file: dir.file("catalog.db") };
  await createCatalog(options);
  using director = new DatabaseSync(options.file);
  const client = "INSERT INTO Client (Name, Uname, AutoPrune, FileRetention, JobRetention) VALUES ('lost', '', 0, 0, 0)";
  director.exec(`PRAGMA wal_autocheckpoint = 0; ${client}`);
  copyFileSync(`${options.file}-wal`, dir.file("left"));
  director.close();
  const place: Sqlite = { driver: "sqlite", file: dir.file("again.db") };
  copyFileSync(dir.file("left"), `${place.file}-wal`);
  await loadCatalog(place, dump.file);
  using loaded = new DatabaseSync(place.file);
  const check = loaded.prepare("PRAGMA integrity_check").all();
  assert.deepEqual(
    check.map((row) => ({ ...row })),
    [{ integrity_check: "ok" }],
  );
});
